package natsbulk_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk/natsbulk"
	"github.com/imm-go/imm/immtest"
)

// trio is three servers that are one cluster.
type trio struct {
	options   []*server.Options
	servers   []*server.Server
	addresses string
}

func replicated(t *testing.T) *trio {
	t.Helper()
	x := &trio{servers: make([]*server.Server, 3)}
	var routes []*url.URL
	for range x.servers {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		routes = append(routes, &url.URL{Scheme: "nats", Host: listener.Addr().String()})
		require.NoError(t, listener.Close())
	}
	for i, route := range routes {
		port, err := strconv.Atoi(route.Port())
		require.NoError(t, err)
		x.options = append(x.options, &server.Options{
			ServerName: fmt.Sprintf("s%d", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(),
			NoSigs: true, NoLog: true, Cluster: server.ClusterOpts{Name: "three", Host: "127.0.0.1", Port: port}, Routes: routes,
		})
		x.start(t, i)
	}
	t.Cleanup(func() {
		for i := range x.servers {
			x.stop(i)
		}
	})
	var clients []string
	for _, s := range x.servers {
		require.True(t, s.ReadyForConnections(30*time.Second))
		clients = append(clients, "nats://"+s.Addr().String())
	}
	x.addresses = strings.Join(clients, ",")
	return x
}

func (x *trio) start(t *testing.T, i int) {
	t.Helper()
	var err error
	x.servers[i], err = server.NewServer(x.options[i].Clone())
	require.NoError(t, err)
	x.servers[i].Start()
}

func (x *trio) stop(i int) {
	x.servers[i].Shutdown()
	x.servers[i].WaitForShutdown()
}

// stopAllBut stops two servers, so that nothing is decided any more.
func (x *trio) stopAllBut(name string) {
	for i, options := range x.options {
		if options.ServerName != name {
			x.stop(i)
		}
	}
}

// member is a process of the cluster.
func (x *trio) member(t *testing.T) (*natsbulk.Cluster, jetstream.JetStream) {
	t.Helper()
	conn, err := nats.Connect(x.addresses, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	return open(t, js, natsbulk.Config{Replicas: 3, WorkBatches: 20, AckWait: 2 * time.Second}), js
}

func TestThreeServersGoOnAsTwo(t *testing.T) {
	t.Parallel()
	const files = 12_000
	servers := replicated(t)
	service := immtest.NewServer(immtest.WithProject(project, ""))
	defer service.Close()
	planner, _ := servers.member(t)
	var beside sync.WaitGroup
	beside.Go(func() {
		if err := planner.Plan(t.Context(), numbered{n: files}, target(40), false); err != nil {
			t.Errorf("the planner ended with %v", err)
		}
	})
	for range 2 {
		cluster, _ := servers.member(t)
		client := service.Client(imm.WithObserver(cluster.Throttling()))
		beside.Go(func() {
			if _, err := cluster.Work(t.Context(), client, natsbulk.Worker{}); err != nil {
				t.Errorf("a worker ended with %v", err)
			}
		})
	}
	told := 0
	collector, _ := servers.member(t)
	progress, err := collector.Collect(t.Context(), func(natsbulk.Progress) {
		if told++; told == 2 {
			servers.stop(0)
		}
	})
	beside.Wait()
	require.NoError(t, err)
	require.Greater(t, told, 2, "the server was gone in the middle")
	require.EqualValues(t, files, progress.Accepted)
	require.EqualValues(t, files, progress.Planned)
}

func TestOutcomesAreStoredOnceThereAreEnoughServersAgain(t *testing.T) {
	t.Parallel()
	servers := replicated(t)
	service := immtest.NewServer(immtest.WithProject(project, ""))
	defer service.Close()
	cluster, js := servers.member(t)
	require.NoError(t, cluster.Plan(t.Context(), numbered{n: 100}, target(1000), false))
	results, err := js.Stream(t.Context(), "imm-imm-results")
	require.NoError(t, err)
	leader := info(t, results).Cluster.Leader
	cut := make(chan struct{})
	var once sync.Once
	observer := cluster.Throttling()
	observer.AttemptDone = func(_ context.Context, a imm.AttemptInfo) {
		if a.Action == batched {
			once.Do(func() { servers.stopAllBut(leader); close(cut) })
		}
	}
	ended := make(chan error, 1)
	go func() {
		_, err := cluster.Work(t.Context(), service.Client(imm.WithObserver(observer)), natsbulk.Worker{})
		ended <- err
	}()
	<-cut
	select { // the server that is left takes outcomes, and can neither store nor refuse them
	case err := <-ended:
		t.Fatalf("the worker ended with %v", err)
	case <-time.After(8 * time.Second):
	}
	for i, options := range servers.options {
		if options.ServerName != leader {
			servers.start(t, i)
		}
	}
	require.NoError(t, <-ended)
	progress, err := cluster.Collect(t.Context(), nil)
	require.NoError(t, err)
	require.EqualValues(t, 100, progress.Accepted)
}

func TestACollectorEndsWithItsContextWhereTooFewServersAnswer(t *testing.T) {
	t.Parallel()
	servers := replicated(t)
	cluster, js := servers.member(t)
	require.NoError(t, cluster.Plan(t.Context(), numbered{n: 100}, target(1000), false))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	told := make(chan struct{}, 1)
	ended := make(chan error, 1)
	go func() {
		_, err := cluster.Collect(ctx, func(natsbulk.Progress) {
			select {
			case told <- struct{}{}:
			default:
			}
		})
		ended <- err
	}()
	<-told
	near := js.Conn().ConnectedServerName()
	for _, options := range servers.options {
		if options.ServerName != near { // the connection moves to the one that is left
			servers.stopAllBut(options.ServerName)
			break
		}
	}
	require.Eventually(t, js.Conn().IsConnected, 30*time.Second, 20*time.Millisecond)
	<-time.After(5 * time.Second) // it may ask for its consumer now
	stop()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(time.Minute):
		t.Fatal("it waits for servers that do not answer")
	}
}

func TestACollectorGoesOnWhereTheServerOfItsConsumerIsGone(t *testing.T) {
	t.Parallel()
	servers := replicated(t)
	cluster, _ := servers.member(t)
	service := immtest.NewServer(immtest.WithProject(project, ""))
	defer service.Close()
	require.NoError(t, cluster.Plan(t.Context(), numbered{n: 1000}, target(1000), false))
	ended := make(chan natsbulk.Progress, 1)
	for {
		collector, js := servers.member(t)
		ctx, stop := context.WithCancel(t.Context())
		told := make(chan struct{}, 1)
		go func() {
			p, err := collector.Collect(ctx, func(natsbulk.Progress) {
				select {
				case told <- struct{}{}:
				default:
				}
			})
			if err == nil {
				ended <- p
			}
		}()
		<-told
		results, err := js.Stream(t.Context(), "imm-imm-results")
		require.NoError(t, err)
		leader, latest := "", time.Time{} // of its consumer
		for consumer := range results.ListConsumers(t.Context()).Info() {
			if consumer.Created.After(latest) {
				leader, latest = consumer.Cluster.Leader, consumer.Created
			}
		}
		if leader == "" || leader == js.Conn().ConnectedServerName() {
			stop() // the connection would tell
			continue
		}
		defer stop()
		for i, options := range servers.options {
			if options.ServerName == leader {
				servers.stop(i)
			}
		}
		break
	}
	_, err := cluster.Work(t.Context(), service.Client(imm.WithObserver(cluster.Throttling())), natsbulk.Worker{})
	require.NoError(t, err)
	select {
	case p := <-ended:
		require.EqualValues(t, 1000, p.Accepted)
	case <-time.After(time.Minute):
		t.Fatal("it stands still")
	}
}
