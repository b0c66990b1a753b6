package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk/natsbulk"
	"github.com/imm-go/imm/bulk/natsbulk/embedded"
)

// openCluster is a cluster and what ends with it.
type openCluster struct {
	*natsbulk.Cluster

	conn   *nats.Conn
	server *embedded.Server // nil: it is elsewhere
}

func (c *openCluster) close() {
	c.conn.Close()
	if c.server != nil {
		c.server.Close()
	}
}

// leaveTime is how long a server waits for those who joined it.
const leaveTime = 10 * time.Second

// awaitOthers gives those who joined the server in this program the time to learn that
// all is done. They would wait for it to come back otherwise.
func (c *openCluster) awaitOthers(ctx context.Context) {
	if c.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	for c.server.Clients() > 1 {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}

// access is how a command comes to the streams of its work.
type access int

const (
	makes  access = iota // it makes them, if need be
	finds                // they are there
	awaits               // it waits until they are
)

// openCluster connects. Folder is where an embedded server keeps its files; empty:
// there may be none.
func (p *program) openCluster(ctx context.Context, c *clusterAt, folder string, how access) (_ *openCluster, err error) {
	opened := new(openCluster)
	defer func() {
		if err != nil && opened.conn != nil {
			opened.close()
		}
	}()
	address, isEmbedded := c.embedded()
	switch {
	case isEmbedded && folder == "":
		return nil, usagef("--cluster embedded is for imm index, which has the server in itself; others join it at its address, if it was started with --cluster embedded://127.0.0.1:4222")
	case isEmbedded:
		c.ackSec = embeddedAckWait
		if opened.server, err = embedded.Start(folder, address); err != nil {
			return nil, usagef("--cluster: %w", err)
		}
		if opened.conn, err = opened.server.Connect(p.natsOptions()...); err != nil {
			opened.server.Close()
			return nil, err
		}
	default:
		if opened.conn, err = c.dial(p.natsOptions()); err != nil {
			return nil, err
		}
	}
	js, err := jetstream.New(opened.conn)
	if err != nil {
		return nil, err
	}
	opened.Cluster, err = c.reach(ctx, js, how)
	if how == awaits && errors.Is(err, natsbulk.ErrNoWork) {
		p.note("Waiting until work named %s is planned, by imm cluster plan.", c.work())
		opened.Cluster, err = c.await(ctx, js)
	}
	if wrong, ok := errors.AsType[*imm.ValidationError](err); ok {
		flags := map[string]string{"Config.Name": "name", "Config.Replicas": "replicas", "Config.WorkBatches": "work-batches", "Config.AckWait": "ack-wait"}
		return nil, usagef("--%s: %s", flags[wrong.Field], wrong.Reason)
	}
	if errors.Is(err, natsbulk.ErrNoWork) {
		return nil, usagef("there is no work named %s on these servers; imm cluster plan makes it, and --name is for another name", c.work())
	}
	return opened, err
}

// reach opens the streams, unless the servers do not answer for a while.
func (c *clusterAt) reach(ctx context.Context, js jetstream.JetStream, how access) (*natsbulk.Cluster, error) {
	reaching, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	if how != makes {
		return natsbulk.Find(reaching, js, c.name)
	}
	return natsbulk.Open(reaching, js, natsbulk.Config{
		Name: c.name, Replicas: c.replicas, WorkBatches: int64(c.workBatches), AckWait: time.Duration(c.ackSec) * time.Second,
	})
}

// await waits until somebody has made the streams.
func (c *clusterAt) await(ctx context.Context, js jetstream.JetStream) (found *natsbulk.Cluster, err error) {
	for err = natsbulk.ErrNoWork; errors.Is(err, natsbulk.ErrNoWork); found, err = c.reach(ctx, js, finds) {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, stoppedError{fmt.Errorf("stopped; there is no work named %s yet", c.work())}
		}
	}
	return found, err
}

// natsOptions is how this program uses a connection: it comes back for ever, and says
// when it is away.
func (p *program) natsOptions() []nats.Option {
	return []nats.Option{
		nats.Name("imm"), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // otherwise this program has closed it
				p.note("The NATS servers are away; everything waits until they are there again.")
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { p.note("The NATS servers are there again.") }),
	}
}

func (c *clusterAt) dial(options []nats.Option) (*nats.Conn, error) {
	options = append(options, nats.Timeout(reachTime))
	if c.creds != "" {
		if _, err := os.Stat(c.creds); err != nil {
			return nil, usagef("--creds: %w", err)
		}
		options = append(options, nats.UserCredentials(c.creds))
	}
	if c.nkey != "" {
		option, err := nats.NkeyOptionFromSeed(c.nkey)
		if err != nil {
			return nil, usagef("--nkey: %s has no seed of an nkey", printable(c.nkey))
		}
		options = append(options, option)
	}
	if c.ca != "" {
		options = append(options, nats.RootCAs(c.ca))
	}
	if c.cert != "" {
		options = append(options, nats.ClientCert(c.cert, c.key))
	}
	conn, err := nats.Connect(c.servers, options...)
	if err != nil {
		return nil, fmt.Errorf("the NATS servers of --cluster (%s) cannot be used: %w; check that they run at that address, and who they let in", c.hosts(), err)
	}
	return conn, nil
}

// hosts are the addresses without names and passwords.
func (c *clusterAt) hosts() string {
	var hosts []string
	for server := range strings.SplitSeq(c.servers, ",") {
		if u, err := url.Parse(strings.TrimSpace(server)); err == nil {
			hosts = append(hosts, printable(u.Host))
		}
	}
	return strings.Join(hosts, ", ")
}
