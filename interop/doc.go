// Package interop has the proofs of this project that other people's software
// takes part in. README.md lists what is proved by which test.
package interop
