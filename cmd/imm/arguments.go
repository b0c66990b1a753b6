package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
)

// exactly wants one argument for each name.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("%s is missing behind %s; %s --help shows an example", names[len(args)], cmd.CommandPath(), cmd.CommandPath())
		case len(args) > len(names):
			return usagef("%s is one argument too many for %s; text with spaces in it needs quotes", quote(args[len(names)]), strings.Join(append([]string{cmd.CommandPath()}, names...), " "))
		}
		return nil
	}
}

// someURIs wants at least one URI, and only URIs of files.
func (p *program) someURIs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("no URI stands behind %s; want one or more, such as oss://my-bucket/cat.jpg", cmd.CommandPath())
	}
	return p.checkURIs(args)
}

// checkURIs refuses the first of the arguments that is no URI of a file.
func (p *program) checkURIs(uris []string) error {
	c, err := newChecker()
	if err != nil {
		return err
	}
	return p.checkArguments(uris, c.uri)
}

// checkFiles does so for arguments that are going to be indexed.
func (p *program) checkFiles(uris []string, labels map[string]string) error {
	c, err := newChecker()
	if err != nil {
		return err
	}
	return p.checkArguments(uris, func(uri string) error {
		return c.file(imm.InputFile{URI: uri, CustomLabels: labels})
	})
}

func (p *program) checkArguments(uris []string, check func(string) error) error {
	for _, uri := range uris {
		if err := check(uri); err != nil {
			return usagef("%w%s", err, patternHint(uri))
		}
	}
	if i := slices.IndexFunc(uris, isPattern); i >= 0 {
		p.note("%s is one object with this name%s.", uris[i], patternHint(uris[i]))
	}
	return nil
}

func isPattern(uri string) bool { return strings.Contains(uri, "*") }

// patternHint says what to do in place of a pattern, if a URI looks like one.
func patternHint(uri string) string {
	if !isPattern(uri) {
		return ""
	}
	return "; a * matches nothing here: name the objects in a list for imm index --from, or have all of a bucket indexed by imm bind"
}
