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
