// Package natsbulk spreads the work of package bulk over many machines, with the
// streams of NATS JetStream between them.
//
//	cluster, err := natsbulk.Open(ctx, js, natsbulk.Config{Name: "photos"})
//	…
//	err = cluster.Plan(ctx, source, target, true)          // once, anywhere
//	summary, err := cluster.Work(ctx, client, worker)      // on as many machines as you like
//	progress, err := cluster.Collect(ctx, nil)             // anywhere
//
// A planner reads the list once and publishes its batches to a stream of work.
// Workers take batches, send them with the engine of package bulk, store one outcome
// for each file in a stream of results, and only then acknowledge the batch. A
// collector counts the outcomes, each file once, whatever was sent twice. All workers
// together keep to one rate, which they lease from a bucket of keys and values in
// slices of time.
//
// Each of the three can be killed and started again at any time, on any machine, and
// in any number. What is under way on a worker that dies is sent by another one.
// There is no process that coordinates them: the state is in JetStream alone.
//
// The connection is the caller's. It should reconnect for ever (nats.MaxReconnects(-1)),
// because everything here waits for servers that are away, until its context ends.
// Package embedded has a server for those who run none. docs/cluster.md of the module
// has the streams, the costs and the limits.
package natsbulk
