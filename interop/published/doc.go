// Package published proves the emulator, and our client, with the published cores
// of Alibaba Cloud's SDKs, which other people wrote. It has tests only: with the
// Go core always, and with the JavaScript core as well under the build tag
// interop, which needs Node.
package published
