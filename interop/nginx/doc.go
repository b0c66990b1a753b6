// Package nginx proves our client with a real front end before the emulator: the
// limits, the idle connections and the restarts of nginx. It has tests only, under
// the build tag interop.
package nginx
