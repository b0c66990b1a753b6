//go:build !race

package bulk_test

// scale is how large the tests of many files are: a million of them.
const scale = 10
