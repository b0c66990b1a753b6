package main

import (
	"context"
	"io"
	"runtime"
	"runtime/debug"

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

	args      []string
	started   bool // the command line made sense, and a command runs
	telemetry *telemetry
}

// run is one call of the program, which ends soon after ctx does.
func (p *program) run(ctx context.Context, args []string) int {
	p.args, p.out = args, &outlet{to: p.out}
	root := p.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	p.endTelemetry(ctx)
	if err != nil && !p.started {
		err = asUsage(err) // of cobra: an unknown command or flag
	}
	return p.end(ctx, err)
}

func (p *program) root() *cobra.Command {
	p.telemetry = new(telemetry)
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

Exit codes: 0 all was done; 1 something failed; 2 nothing was done, because the
command line or its input is wrong, or because nobody can be asked and --yes is
missing; 3 stopped before the end, or the answer was not yes.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs, // what is no command is said below
		RunE:          group,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			p.started = true
			return p.observeAll(cmd.Context())
		},
	}
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.SetFlagErrorFunc(p.wrongFlag)
	root.SetVersionTemplate("imm {{.Version}}\n")

	p.output = newChoice("table", "json", "jsonl")
	flags := root.PersistentFlags()
	flags.StringVar(&p.region, "region", "", "`ID` of the region, such as cn-hangzhou (default $ALIBABA_CLOUD_REGION_ID)")
	flags.StringVar(&p.endpoint, "endpoint", "", "`URL` to send requests to in place of the region's; http only to this machine (default $"+envEndpoint+")")
	flags.VarP(&p.output, "output", "o", "show results as `FORM`: "+p.output.list())
	completeChoice(root, "output", &p.output)
	p.addMetricsFlag(root)

	root.AddCommand(
		p.indexCommand(), p.getCommand(), p.queryCommand(), p.updateCommand(), p.deleteCommand(),
		p.bindCommand(), p.unbindCommand(), p.bindingCommand(),
		p.projectCommand(), p.datasetCommand(),
		p.clusterCommand(),
		p.doctorCommand(), p.emulatorCommand(),
	)
	completeNoFiles(root)
	refuseUnknown(root)
	return root
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
