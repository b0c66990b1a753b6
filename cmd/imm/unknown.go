package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// group is the work of a command that only has commands below it.
func group(cmd *cobra.Command, args []string) error {
	cmd.SuggestionsMinimumDistance = 2 // letters that are wrong
	switch {
	case len(args) > 0:
		text := quote(args[0]) + " is not a command of " + cmd.CommandPath()
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			text += "; did you mean " + strings.Join(near, " or ") + "?"
		}
		return usagef("%s; %s --help lists the commands", text, cmd.CommandPath())
	case cmd.HasParent():
		return usagef("%s needs a command behind it; %s --help lists them", cmd.CommandPath(), cmd.CommandPath())
	}
	return cmd.Help()
}

// wrongFlag is the error about a flag. Where a word before it is no command, the
// flag is unknown only because of that.
func (p *program) wrongFlag(cmd *cobra.Command, err error) error {
	if _, rest, failed := cmd.Root().Find(p.args); failed == nil && cmd.HasSubCommands() {
		flags := cmd.Flags()
		flags.ParseErrorsAllowlist.UnknownFlags = true
		if flags.Parse(rest) == nil && flags.NArg() > 0 {
			return group(cmd, flags.Args())
		}
	}
	return usagef("%w; %s --help lists the flags", err, cmd.CommandPath())
}

// refuseUnknown lets the commands that cobra makes refuse words that they do not
// know. By themselves they show help, and succeed.
func refuseUnknown(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			cmd.Args, cmd.RunE = cobra.ArbitraryArgs, group
		case "help":
			show := cmd.Run
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				topic, rest, err := cmd.Root().Find(args)
				if err == nil && len(rest) > 0 {
					return group(topic, rest)
				}
				show(cmd, args)
				return nil
			}
		}
	}
}

// completeNoFiles keeps shells from offering the files of this machine where
// arguments are names and URIs.
func completeNoFiles(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		completeNoFiles(sub)
	}
	if cmd.ValidArgsFunction == nil && !cmd.HasSubCommands() && !cmd.DisableFlagParsing {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
}
