package natsbulk_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk/natsbulk"
	"github.com/imm-go/imm/bulk/natsbulk/embedded"
	"github.com/imm-go/imm/immtest"
)

// childEnv makes the test binary a child process of a test: its value is what the
// child does.
const childEnv = "NATSBULK_TEST_CHILD"

var children = map[string]func(arguments []string) error{}

func TestMain(m *testing.M) {
	if task := os.Getenv(childEnv); task != "" {
		if err := children[task](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, task+":", err)
			os.Exit(1)
		}
		return
	}
	// The server has one goroutine for its process that reads the clock, and the
	// hashes of its streams one for theirs; neither ends.
	goleak.VerifyTestMain(m)
}

const (
	project = "test-project"
	dataset = "test-dataset"
	batched = "BatchIndexFileMeta"
)

// fixture is a cluster whose server and service are in this process.
type fixture struct {
	server  *embedded.Server
	js      jetstream.JetStream
	cluster *natsbulk.Cluster
	service *immtest.Server
}

func newFixture(t testing.TB, config natsbulk.Config, options ...immtest.Option) *fixture {
	t.Helper()
	f := new(fixture)
	var err error
	f.server, err = embedded.Start(t.TempDir(), "")
	require.NoError(t, err)
	t.Cleanup(f.server.Close)
	f.js = connect(t, f.server)
	f.cluster = open(t, f.js, config)
	f.service = immtest.NewServer(append([]immtest.Option{immtest.WithProject(project, "")}, options...)...)
	t.Cleanup(f.service.Close)
	return f
}

func connect(t testing.TB, server *embedded.Server) jetstream.JetStream {
	t.Helper()
	conn, err := server.Connect(nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	return js
}

func open(t testing.TB, js jetstream.JetStream, config natsbulk.Config) *natsbulk.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cluster, err := natsbulk.Open(ctx, js, config)
	require.NoError(t, err)
	return cluster
}

func (f *fixture) client() *imm.Client {
	return f.service.Client(imm.WithObserver(f.cluster.Throttling()))
}

func target(rate float64) natsbulk.Target {
	return natsbulk.Target{ProjectName: project, DatasetName: dataset, Rate: rate}
}
