package main

import (
	"runtime"
	"runtime/debug"
)

// version is set by the linker where the program is built outside a repository.
var version string

// versionText is the version and the Go that built it.
func versionText() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); v == "" && ok {
		v = info.Main.Version
	}
	if v == "" {
		v = "(devel)"
	}
	return v + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}
