//go:build race

package bulk_test

// scale is how large the tests of many files are: 100,000 of them, since the race
// detector makes everything slow.
const scale = 1
