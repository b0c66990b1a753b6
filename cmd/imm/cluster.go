package main

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk/natsbulk"
)

func (p *program) clusterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Index one list by many machines, with NATS between them",
		Long: `Index one list by many machines. A planner reads the list once and publishes its
batches to a stream of NATS JetStream, workers send them, and a collector counts what
became of each file. All workers together keep to one rate.

Each of them can be stopped, killed and started again at any time and on any machine:
what a worker was doing is done by another one. --cluster names the servers, and
--name the work, where several lists are indexed at the same time.

imm index --cluster does all three in one process. imm index --cluster embedded has
the server in itself, and with --cluster embedded://127.0.0.1:4222 workers in other
processes of the machine can join.

The servers are asked for room for a plan of 256 MiB, three times, and for 1 GiB of
outcomes.`,
		Example: `  imm cluster plan --cluster nats://nats.example.com --creds imm.creds -p photos -d all --from uris.txt
  imm cluster work --cluster nats://nats.example.com --creds imm.creds      # on each machine
  imm cluster collect --cluster nats://nats.example.com --creds imm.creds
  imm cluster status --cluster nats://nats.example.com --creds imm.creds`,
		RunE: group,
	}
	cmd.AddCommand(
		p.clusterPlanCommand(), p.clusterWorkCommand(), p.clusterCollectCommand(), p.clusterStatusCommand(),
		p.clusterRetryDeadCommand(), p.clusterRemoveCommand(),
	)
	return cmd
}

// reachTime is how long the servers may take to answer a command that begins. Later
// on they are waited for.
const reachTime = 10 * time.Second

// embeddedAckWait is how many seconds a server within this program waits for a sign of
// life: the worker is as near as can be, and after a kill it wants its batches soon.
const embeddedAckWait = 5

// clusterAt is where a cluster is.
type clusterAt struct {
	servers, name       string
	creds, nkey         string
	ca, cert, key       string
	replicas            int
	workBatches, ackSec int
}

func (c *clusterAt) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&c.servers, "cluster", "", "`URL` of the NATS servers, such as nats://host:4222, or tls://…; several with commas")
	flags.StringVar(&c.name, "name", "", "`NAME` of the work, where there is more than one list (default imm)")
	flags.StringVar(&c.creds, "creds", "", "`FILE` with the credentials for the NATS servers")
	flags.StringVar(&c.nkey, "nkey", "", "`FILE` with the seed of an nkey for the NATS servers")
	flags.StringVar(&c.ca, "tls-ca", "", "`FILE` with the certificates that the NATS servers are trusted by")
	flags.StringVar(&c.cert, "tls-cert", "", "`FILE` with the certificate that this program shows the NATS servers")
	flags.StringVar(&c.key, "tls-key", "", "`FILE` with the key of --tls-cert")
}

// addLimitFlags adds what counts when the streams are made.
func (c *clusterAt) addLimitFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&c.replicas, "replicas", 1, "keep the streams on `N` of the NATS servers")
	flags.IntVar(&c.workBatches, "work-batches", 10_000, "plan at most `N` batches ahead of the workers")
	flags.IntVar(&c.ackSec, "ack-wait", 30, "give the batches of a worker without a sign of life to others after `N` seconds")
}

// check refuses flags that do not go together.
func (c *clusterAt) check() error {
	switch {
	case c.servers == "":
		return usagef("--cluster is missing; it names the NATS servers, such as nats://host:4222")
	case c.creds != "" && c.nkey != "":
		return usagef("there are --creds and --nkey; use one of the two")
	case (c.cert == "") != (c.key == ""):
		return usagef("--tls-cert and --tls-key belong together; give both, or none")
	}
	if _, isEmbedded := c.embedded(); isEmbedded {
		return c.without(c.identity(), "is for servers elsewhere; the embedded one asks nobody who they are")
	}
	// The text of a URL can hold a password, so it is not repeated.
	for server := range strings.SplitSeq(c.servers, ",") {
		u, err := url.Parse(strings.TrimSpace(server))
		if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" && u.Scheme != "ws" && u.Scheme != "wss" {
			return usagef("--cluster: one of the URLs names no NATS server; want nats://host:4222, tls://host:4222 or, for imm index, embedded")
		}
	}
	return nil
}

// setting is a flag that was given if it has a value.
type setting struct{ name, value string }

// identity are the flags that say who this program is to the servers.
func (c *clusterAt) identity() []setting {
	return []setting{{"creds", c.creds}, {"nkey", c.nkey}, {"tls-ca", c.ca}, {"tls-cert", c.cert}, {"tls-key", c.key}}
}

// checkUnused refuses flags about a cluster where there is none.
func (c *clusterAt) checkUnused() error {
	return c.without(append(c.identity(), setting{"name", c.name}), "is about a cluster, and --cluster is missing")
}

func (c *clusterAt) without(flags []setting, why string) error {
	for _, f := range flags {
		if f.value != "" {
			return usagef("--%s %s", f.name, why)
		}
	}
	return nil
}

// work is the name of the work.
func (c *clusterAt) work() string { return cmp.Or(c.name, "imm") }

// embedded is the address that a server within this program is to listen at, empty
// for none, and whether there is to be one.
func (c *clusterAt) embedded() (address string, ok bool) {
	address, listens := strings.CutPrefix(c.servers, "embedded://")
	if listens {
		return address, true
	}
	return "", c.servers == "embedded"
}

// inCluster makes of work with a cluster the run of a command.
func (p *program) inCluster(at *clusterAt, how access, work func(ctx context.Context, c *openCluster) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		if err := at.check(); err != nil {
			return err
		}
		c, err := p.openCluster(cmd.Context(), at, "", how)
		if err != nil {
			return err
		}
		defer c.close()
		return clusterError(cmd.Context(), work(cmd.Context(), c))
	}
}

// clusterError makes the errors of a cluster those of the program.
func clusterError(ctx context.Context, err error) error {
	if wrong, ok := errors.AsType[usageError](err); ok {
		return wrong // without what the planner puts before it
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, natsbulk.ErrOtherWork):
		return usagef("%w; --name is for the name, and imm cluster remove deletes it", err)
	case ctx.Err() != nil:
		if _, said := errors.AsType[stoppedError](err); !said {
			return stoppedError{errors.New("stopped before the end; the same command goes on where it was")}
		}
	}
	return err
}

// clusterClient is a client whose throttling slows all workers down.
func (p *program) clusterClient(c *openCluster) (*imm.Client, error) {
	return p.connect(imm.WithObserver(c.Throttling()))
}

// usualRate is how many requests a second a project takes unless somebody changed it.
const usualRate = 100

// clusterRate is the rate of all workers: what was asked for now or before, or what
// the project allows.
func (x *indexing) clusterRate(ctx context.Context, client *imm.Client, before natsbulk.Status) (float64, error) {
	if x.rate > 0 {
		return x.rate, nil
	}
	if before.Rate > 0 && before.ProjectName == x.at.project {
		return before.Rate, nil
	}
	found, err := client.GetProject(ctx, &imm.GetProjectRequest{ProjectName: x.at.project})
	switch {
	case errors.Is(err, imm.ErrNotFound):
		return 0, asUsage(err)
	case ctx.Err() != nil:
		return 0, err
	case err == nil && found.Project.ProjectQueriesPerSecond > 0:
		return float64(found.Project.ProjectQueriesPerSecond), nil
	}
	x.p.note("The project does not tell how many requests a second it takes; %d are assumed, and --rate is for others.", usualRate)
	return usualRate, nil
}
