// Package bench measures what a call costs, with three clients that do the same
// work side by side in one run: this SDK, the published core driven as the
// published SDK drives it, and a straight-line version with the standard library.
//
// Its benchmarks are its tests. The program in report makes the table and the
// picture of docs/performance.md from what they print.
package bench
