// Package queue proves the queues of the emulator, and our receiver, with a client
// of MNS that other people wrote. It has tests only, under the build tag interop,
// which needs Node.
package queue
