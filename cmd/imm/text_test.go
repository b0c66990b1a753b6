package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTextFromOutsideCannotSteerATerminal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                   "",
		"a b":                "a b",
		"西湖 é":               "西湖 é",
		"a\nb\t":             `a\nb\t`,
		"\x1b[31m":           `\x1b[31m`,
		"\u009b\u202e\u200b": `\u009b\u202e\u200b`,
		"\xff\xc0a":          `\xff\xc0a`,
		"\ufffd":             `\ufffd`,
		`"'\`:                `"'\`,
		"\U000e0001":         `\U000e0001`,
	} {
		require.Equal(t, want, printable(text))
	}
}

func TestNumbersAreGroupedByThree(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 7: "7", 12: "12", 999: "999", 1000: "1,000", 12345: "12,345", 123456: "123,456", 1234567: "1,234,567",
		-1: "-1", -999: "-999", -1000: "-1,000", 1<<63 - 1: "9,223,372,036,854,775,807", -1 << 63: "-9,223,372,036,854,775,808",
	} {
		require.Equal(t, want, grouped(n))
	}
	require.Equal(t, "0 files", count(0, "file"))
	require.Equal(t, "1 file", count(1, "file"))
	require.Equal(t, "1,000 files", count(int64(1000), "file"))
}

func TestCountsHaveTheirVerbs(t *testing.T) {
	t.Parallel()
	require.Equal(t, "1 of 1 file was", some(1, 1, "was", "were"))
	require.Equal(t, "1 of 2,000 files was", some(1, 2000, "was", "were"))
	require.Equal(t, "2 of 2 files were", some(2, 2, "was", "were"))
	require.Equal(t, "0 lines are", lines(0, "is", "are"))
}

func TestAMessageAboutAFileLosesOnlyTheNameOfATypeInsideTheService(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"*error.OpError : InvalidArgument | Index KV count exceeded.": "InvalidArgument: Index KV count exceeded.",
		"*error.OpError : a | b | c":                                  "a: b | c",
		"File does not exist.":                                        "File does not exist.",
		"":                                                            "",
	} {
		require.Equal(t, want, plain(message))
	}
}
