package main

import (
	"context"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

// console is where a program reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
	// inTerminal and errTerminal say whether somebody is there to answer, and to
	// watch a bar.
	inTerminal, errTerminal bool
}

// program is the command line without what it shares with its process.
type program struct {
	console

	getenv      func(string) string
	credentials func() (imm.CredentialsProvider, error)
	sources     []source     // of credentials, for doctor
	options     []imm.Option // of the client, behind those of the flags

	queueOptions []notify.Option // of the receiver of messages

	region, endpoint string
	output           choice
	yes              bool

	started bool // the command line made sense, and a command runs
}

// run is one call of the program, which ends soon after ctx does.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !p.started {
		err = asUsage(err) // of cobra: an unknown command or flag
	}
	return p.end(ctx, err)
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "imm",
		Short: "Index the metadata of files in Alibaba Cloud IMM",
		Long: `imm gets files in OSS buckets or in PDS into a dataset of Alibaba Cloud
Intelligent Media Management (IMM), and finds them there.

Start with imm doctor, which says what is missing. Then make a project and a
dataset, index files, and look for them:

  imm doctor --region cn-hangzhou
  imm project create photos --template Official:ImageManagement
  imm dataset create all --project photos
  imm index --project photos --dataset all oss://my-bucket/cat.jpg
  imm query --project photos --dataset all 'ContentType = image/jpeg'

Without an account, imm emulator serves the same on this machine.

Keys come from the environment (ALIBABA_CLOUD_ACCESS_KEY_ID and
ALIBABA_CLOUD_ACCESS_KEY_SECRET), the profile of the aliyun command line, the
role of the ECS instance, and what else Alibaba Cloud's tools use.

Exit codes: 0 all was done; 1 something failed; 2 the command line makes no
sense; 3 stopped before the end.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs, // what is no command is said below
		RunE:          group,
		PersistentPreRun: func(*cobra.Command, []string) {
			p.started = true
		},
	}
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w; %s --help lists the flags", err, cmd.CommandPath())
	})
	root.SetVersionTemplate("imm {{.Version}}\n")

	p.output = newChoice("table", "json", "jsonl")
	flags := root.PersistentFlags()
	flags.StringVar(&p.region, "region", "", "`ID` of the region, such as cn-hangzhou (default $ALIBABA_CLOUD_REGION_ID)")
	flags.StringVar(&p.endpoint, "endpoint", "", "`URL` to send requests to in place of the region's; http only to this machine")
	flags.VarP(&p.output, "output", "o", "show results as `FORM`: "+p.output.list())
	completeChoice(root, "output", &p.output)

	root.AddCommand(
		p.indexCommand(), p.getCommand(), p.queryCommand(), p.updateCommand(), p.deleteCommand(),
		p.bindCommand(), p.unbindCommand(), p.bindingCommand(),
		p.projectCommand(), p.datasetCommand(),
		p.doctorCommand(), p.emulatorCommand(),
	)
	return root
}

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

// linked is the version where the linker sets it, as a build outside a repository
// does.
var linked string

func version() string {
	v := linked
	if info, ok := debug.ReadBuildInfo(); v == "" && ok {
		v = info.Main.Version
	}
	if v == "" {
		v = "(devel)"
	}
	return v + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}
