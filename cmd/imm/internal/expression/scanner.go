package expression

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/imm-go/imm"
)

type kind uint8

const (
	end    kind = iota
	word        // a name, a value, or one of and, or, not, exists
	text        // in quotes: never one of these
	symbol      // an operator, a parenthesis or a bracket
)

// token is one part of an expression.
type token struct {
	kind   kind
	text   string // without quotes
	offset int
}

func (t token) is(symbolText string) bool { return t.kind == symbol && t.text == symbolText }

func (t token) isKeyword(name string) bool { return t.kind == word && strings.EqualFold(t.text, name) }

// String is the token for an error.
func (t token) String() string {
	if t.kind == end {
		return "the end"
	}
	return strconv.Quote(t.text)
}

// operators are the comparisons. One that is not here may be in mistaken.
var operators = map[string]imm.QueryOperation{
	"=": imm.QueryEq, "==": imm.QueryEq, "!=": notEqual, ">": imm.QueryGt, ">=": imm.QueryGte, "<": imm.QueryLt, "<=": imm.QueryLte,
	"^=": imm.QueryPrefix, "~": imm.QueryMatchPhrase,
}

// notEqual is no operation of the service: it becomes a not around an eq.
const notEqual imm.QueryOperation = "!="

const wantOperator = "=, !=, >, >=, <, <=, ^= (begins with) or ~ (has the words)"

// mistaken are operators of other languages, and how they are written here.
var mistaken = map[string]string{
	"&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "<>": "!=", "=>": ">=", "=<": "<=", "=~": "~", "===": "=", "~=": "~", "^": "^=", "!~": "not, and ~",
}

const (
	// operatorBytes make up operators, and cannot stand in a word.
	operatorBytes = "=<>!^~&|"
	// bracketBytes are symbols of their own.
	bracketBytes = "()[]"
)

// isWord reports whether a character can stand in a name or a value without
// quotes.
func isWord(r rune) bool {
	return unicode.IsPrint(r) && !strings.ContainsRune(` "'`+operatorBytes+bracketBytes, r)
}

// scan cuts an expression into tokens, the last of which is the end.
func scan(s string) ([]token, *fault) {
	if !utf8.ValidString(s) {
		return nil, &fault{prefix(s, func(r rune) bool { return r != utf8.RuneError }), "this is not valid UTF-8"}
	}
	var tokens []token
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		rest := s[at:]
		length := 1
		switch {
		case unicode.IsSpace(r):
			at += size
			continue
		case r == '"' || r == '\'':
			t, quoted, failed := unquote(rest)
			if failed != "" {
				return nil, &fault{at, failed}
			}
			tokens = append(tokens, token{text, t, at})
			at += quoted
			continue
		case strings.ContainsRune(bracketBytes, r):
			tokens = append(tokens, token{symbol, rest[:1], at})
		case strings.ContainsRune(operatorBytes, r):
			length = prefix(rest, func(r rune) bool { return strings.ContainsRune(operatorBytes, r) })
			if failed := wrongOperator(rest[:length]); failed != "" {
				return nil, &fault{at, failed}
			}
			tokens = append(tokens, token{symbol, rest[:length], at})
		case isWord(r):
			length = prefix(rest, isWord)
			tokens = append(tokens, token{word, rest[:length], at})
		default:
			return nil, &fault{at, fmt.Sprintf("the character %U cannot stand here; put the text that it belongs to in quotes", r)}
		}
		at += length
	}
	return append(tokens, token{end, "", len(s)}), nil
}

// prefix is the length of the beginning of s whose characters all satisfy in.
func prefix(s string, in func(rune) bool) int {
	if n := strings.IndexFunc(s, func(r rune) bool { return !in(r) }); n >= 0 {
		return n
	}
	return len(s)
}

func wrongOperator(s string) string {
	if _, known := operators[s]; known {
		return ""
	}
	if right, known := mistaken[s]; known {
		return fmt.Sprintf("%q is not an operator here; write %s, or put the text in quotes", s, right)
	}
	return fmt.Sprintf("%q is not an operator; want %s", s, wantOperator)
}

// unquote reads the text in quotes at the beginning of s. The length is that of
// the text with its quotes.
func unquote(s string) (content string, length int, failed string) {
	if s[0] == '\'' {
		closing := strings.IndexByte(s[1:], '\'')
		if closing < 0 {
			return "", 0, "the text that begins here has no closing '"
		}
		content, length = s[1:1+closing], closing+2
	} else {
		for length = 1; length < len(s) && s[length] != '"'; length++ {
			if s[length] == '\\' {
				length++
			}
		}
		if length >= len(s) {
			return "", 0, `the text that begins here has no closing "`
		}
		length++
		var err error
		content, err = strconv.Unquote(s[:length])
		if err != nil {
			return "", 0, `the text that begins here has an escape or a line break that means nothing; write \\ for a backslash, and \n for a line break`
		}
	}
	if !utf8.ValidString(content) {
		return "", 0, "the text that begins here is not valid UTF-8"
	}
	return content, length, ""
}
