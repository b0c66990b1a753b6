package main

import (
	"strings"

	"github.com/spf13/cobra"
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

// someURIs wants at least one URI.
func someURIs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("no URI stands behind %s; want one or more, such as oss://my-bucket/cat.jpg", cmd.CommandPath())
	}
	return nil
}
