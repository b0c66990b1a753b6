package main

import (
	"errors"
	"fmt"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// load returns the packages of a module that users can import, and the types of
// other packages that are asked for.
func load(dir string, others []string) (public []*types.Package, all map[string]*types.Package, err error) {
	config := &packages.Config{Dir: dir, Mode: packages.NeedName | packages.NeedTypes | packages.NeedExportFile | packages.NeedModule}
	found, err := packages.Load(config, append([]string{"./..."}, others...)...)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", dir, err)
	}
	all = make(map[string]*types.Package)
	for _, pkg := range found {
		for _, wrong := range pkg.Errors {
			err = errors.Join(err, fmt.Errorf("%s: %w", pkg.PkgPath, wrong))
		}
		all[pkg.PkgPath] = pkg.Types
		// The others may be of the same repository, and a module lists its own ones only.
		if pkg.Module != nil && pkg.Module.Main && isPublic(pkg) {
			public = append(public, pkg.Types)
		}
	}
	slices.SortFunc(public, func(a, b *types.Package) int { return strings.Compare(a.Path(), b.Path()) })
	return public, all, err
}

// isPublic reports whether users can import a package, are meant to, and find
// something in it.
func isPublic(pkg *packages.Package) bool {
	if pkg.Types == nil || pkg.Name == "main" || pkg.PkgPath == root+"/examples" || slices.Contains(strings.Split(pkg.PkgPath, "/"), "internal") {
		return false
	}
	return slices.ContainsFunc(pkg.Types.Scope().Names(), func(name string) bool { return pkg.Types.Scope().Lookup(name).Exported() })
}
