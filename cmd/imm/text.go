package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// printable shows text from outside so that it cannot end a line or steer a
// terminal: what does not print is written as an escape.
func printable(s string) string {
	clean := func(r rune) bool { return unicode.IsPrint(r) && r != unicode.ReplacementChar }
	if strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case clean(r):
			b.WriteRune(r)
		case r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], string(unicode.ReplacementChar)):
			fmt.Fprintf(&b, `\x%02x`, s[i]) // a byte that is no UTF-8
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// quote puts text from outside into quotes.
func quote(s string) string { return strconv.Quote(s) }

// count is a number with its noun: 1 file, 1,234 files.
func count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(int64(n)) + " " + noun + "s"
}

// sentences are put one a line, each so that it stays one. Those that are empty are
// left out.
func sentences(texts ...string) string {
	var some []string
	for _, text := range texts {
		if text != "" {
			some = append(some, printable(text))
		}
	}
	return strings.Join(some, "\n")
}

// some is how many of all files something is said of, with its verb: 1 of 3 files is,
// 2 of 3 files are.
func some[N int | int64](n, all N, one, several string) string {
	return grouped(int64(n)) + " of " + count(all, "file") + " " + plural(n, one, several)
}

func plural[N int | int64](n N, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// plain is a message about a file without the name that the type of the error has
// inside the service: *error.OpError : InvalidArgument | Index KV count exceeded.
func plain(message string) string {
	if rest, ok := strings.CutPrefix(message, "*error.OpError : "); ok {
		return strings.Replace(rest, " | ", ": ", 1)
	}
	return message
}

// grouped is a number with a comma before each three digits.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	first := (len(digits)-1)%3 + 1
	groups := []string{digits[:first]}
	for group := range slices.Chunk([]byte(digits[first:]), 3) {
		groups = append(groups, string(group))
	}
	return sign + strings.Join(groups, ",")
}
