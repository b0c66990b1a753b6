package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// choice is a flag with one of a few values, the first of which is the default.
type choice struct {
	value string
	of    []string
}

func newChoice(of ...string) choice { return choice{of[0], of} }

func (c *choice) String() string { return c.value }

// Type is for the help that cobra writes.
func (c *choice) Type() string { return "choice" }

func (c *choice) Set(value string) error {
	if !slices.Contains(c.of, value) {
		return fmt.Errorf("want %s", c.list())
	}
	c.value = value
	return nil
}

func (c *choice) list() string {
	last := len(c.of) - 1
	return strings.Join(c.of[:last], ", ") + " or " + c.of[last]
}

// completeChoice lets a shell complete the values of a flag.
func completeChoice(cmd *cobra.Command, flag string, c *choice) {
	complete(cmd, flag, cobra.FixedCompletions(c.of, cobra.ShellCompDirectiveNoFileComp))
}

// completeNothing keeps a shell from offering files for a flag that takes a name.
func completeNothing(cmd *cobra.Command, flag string) { complete(cmd, flag, cobra.NoFileCompletions) }

func complete(cmd *cobra.Command, flag string, values cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, values); err != nil {
		panic("imm: " + err.Error()) // the flag does not exist, or has it already
	}
}

// pairs is a flag that may be repeated, each time with another key.
type pairs map[string]string

func (p pairs) String() string { return "" }

// Type is for the help that cobra writes.
func (p pairs) Type() string { return "pair" }

func (p pairs) Set(text string) error {
	key, value, found := strings.Cut(text, "=")
	switch _, twice := p[key]; {
	case !found || key == "":
		return fmt.Errorf("want KEY=VALUE, such as category=Pets")
	case twice:
		return fmt.Errorf("there are two values for %s; give it once", quote(key))
	}
	p[key] = value
	return nil
}

// settable is a text of an update, which stays nil unless the flag is given: an
// empty text takes away what is there.
type settable struct{ to **string }

func (s settable) String() string { return "" }

// Type is for the help that cobra writes.
func (s settable) Type() string { return "string" }

func (s settable) Set(value string) error {
	*s.to = &value
	return nil
}
