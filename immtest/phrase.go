package immtest

import (
	"slices"
	"strings"
	"unicode"
)

// wordsOf takes a text apart into words in lower case. A word is a run of letters,
// marks and digits; what else there is stands between words. Each character of a
// script that writes no spaces is a word of its own. Nobody documents how the
// service does this; it is the usual way of search engines (inferred).
func wordsOf(text string) []string {
	var words []string
	start := -1
	for i, r := range text {
		alone := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
		inWord := !alone && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
		if start >= 0 && !inWord {
			words = append(words, strings.ToLower(text[start:i]))
			start = -1
		}
		switch {
		case alone:
			words = append(words, string(r))
		case inWord && start < 0:
			start = i
		}
	}
	if start >= 0 {
		words = append(words, strings.ToLower(text[start:]))
	}
	return words
}

// hasPhrase reports whether the words of a phrase stand in a text, one after the
// other and in their order, in whatever case. A phrase without words is nowhere.
func hasPhrase(text string, phrase []string) bool {
	if len(phrase) == 0 {
		return false
	}
	words := wordsOf(text)
	for i := range len(words) - len(phrase) + 1 {
		if slices.Equal(words[i:i+len(phrase)], phrase) {
			return true
		}
	}
	return false
}
