package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (p *program) addYesFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&p.yes, "yes", "y", false, "go ahead without being asked")
}

// confirm asks whether to do what costs money or cannot be undone. What it is has
// to be a whole sentence. Without --yes and without anybody to ask it is a usage
// error; no, and no answer, end the command.
func (p *program) confirm(ctx context.Context, what string) error {
	if p.yes {
		return nil
	}
	if !p.inTerminal {
		return usagef("%s\nNothing was sent: nobody can be asked here, so add --yes to go ahead", what)
	}
	fmt.Fprintf(p.err, "%s\nGo ahead? [y/N] ", what)
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.in).ReadString('\n') // no answer is no
		answers <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(p.err)
		return stoppedError{errors.New("stopped; nothing was sent")}
	case answer := <-answers:
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "y", "yes":
			return nil
		}
		if !strings.HasSuffix(answer, "\n") {
			fmt.Fprintln(p.err) // behind the question
		}
		return stoppedError{errors.New("stopped, because the answer was not yes; nothing was sent")}
	}
}
