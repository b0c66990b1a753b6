package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strconv"

	"golang.org/x/exp/apidiff"
)

// imported are the packages that a description imports.
func imported(text []byte) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// compare says how a package differs from a description of it.
func compare(text []byte, pkg *types.Package, packages map[string]*types.Package) ([]apidiff.Change, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	config := types.Config{Importer: loaded(packages), IgnoreFuncBodies: true}
	before, err := config.Check(pkg.Path(), files, []*ast.File{file}, nil)
	if err != nil {
		return nil, err
	}
	return apidiff.Changes(before, pkg).Changes, nil
}

// loaded imports what was loaded already.
type loaded map[string]*types.Package

// Import returns the package with a path.
func (l loaded) Import(path string) (*types.Package, error) {
	if pkg := l[path]; pkg != nil {
		return pkg, nil
	}
	return nil, fmt.Errorf("no package %s is loaded", path)
}
