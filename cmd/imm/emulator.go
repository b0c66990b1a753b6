package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm/internal/emulator"
)

func (p *program) emulatorCommand() *cobra.Command {
	program := emulator.Program{Name: "imm emulator", Version: version()}
	var flags strings.Builder
	_ = program.Run(context.Background(), []string{"-h"}, &flags, io.Discard) // prints them
	return &cobra.Command{
		Use:   "emulator",
		Short: "Serve an emulator of IMM on this machine, for tests without an account",
		Long: `Serve an emulator of IMM on this machine until an interrupt. It prints its address,
and a record of each request on the standard error. Give the address to other
commands by --endpoint or IMM_ENDPOINT, with the keys that the emulator knows.

` + strings.TrimSpace(flags.String()),
		Example: `  imm emulator -bucket test-bucket=./photos
  export ALIBABA_CLOUD_ACCESS_KEY_ID=test-access-key-id ALIBABA_CLOUD_ACCESS_KEY_SECRET=test-access-key-secret
  export IMM_ENDPOINT=http://127.0.0.1:8787
  imm index -p photos -d all oss://test-bucket/cat.jpg`,
		DisableFlagParsing: true, // its flags are those of the program imm-emulator
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.Contains(args, "--help") || slices.Contains(args, "-h") {
				return cmd.Help()
			}
			if code := program.Run(cmd.Context(), args, p.out, p.err); code != exitDone {
				return codeError(code)
			}
			return nil
		},
	}
}
