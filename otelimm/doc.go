// Package otelimm makes OpenTelemetry spans and metrics of what the SDK does: of
// calls, of bulk work, and of messages that arrive.
//
//	observer, err := otelimm.New()
//	…
//	client, err := imm.NewClient("cn-hangzhou", imm.EnvCredentials(), imm.WithObserver(observer.Client()))
//	…
//	indexer, err := bulk.New(client, bulk.Config{
//		ProjectName: "test-project", DatasetName: "test-dataset",
//		Observer: observer.Bulk(),
//	})
//	…
//	receiver, err := notify.NewQueueReceiver(endpoint, "test-queue", imm.EnvCredentials(), tracker.Handle,
//		notify.WithObserver(observer.Notify()))
//
// # Spans
//
//   - Each call is a span of the kind client with an event for each attempt, and one
//     for each repeat that is waited for. It is named IMM/ and the operation.
//   - A run of bulk work is a span, imm.bulk.run. Each of its batches is a trace of its
//     own, imm.bulk.batch, with a link to the run: so a run of a million calls is not one
//     trace of a million spans, and a sampler can choose among them. The call is below
//     its batch.
//   - Each delivery is a span of the kind consumer, named process and the receiver, with
//     an event for each index message.
//
// # Metrics
//
// Those that the semantic conventions name have the conventions' names.
//
//	rpc.client.call.duration             s          histogram  by rpc.method, server.address, server.port, error.type
//	imm.client.attempts                  {attempt}  counter    by rpc.method, imm.outcome, such as throttled
//	imm.bulk.batch.duration              s          histogram  by error.type
//	imm.bulk.active_batches              {batch}    up-down    calls that are being made
//	imm.bulk.active_runs                 {run}      gauge      runs that are on
//	imm.bulk.files                       {file}     counter    by imm.outcome: accepted, indexed, failed, unsent
//	imm.bulk.open_files                  {file}     gauge      without an outcome yet
//	imm.bulk.concurrency.limit           {batch}    gauge      calls that may be made at once now
//	imm.bulk.rate.used                   {call}/s   gauge      calls that were accepted in the last second
//	imm.bulk.rate.allowed                {call}/s   gauge      calls that may be made; nothing while no limit is known
//	messaging.process.duration           s          histogram  of a delivery, by imm.receiver, error.type
//	messaging.client.operation.duration  s          histogram  of asking a queue for messages, by error.type
//	messaging.client.consumed.messages   {message}  counter    index messages, by imm.receiver, imm.outcome: handled, duplicate, failed
//	imm.notify.files                     {file}     counter    in messages that were handled, by imm.outcome: indexed, failed
//	imm.notify.message.delay             s          histogram  from the publishing of a message until it was handled, by imm.receiver
//	imm.tracker.open_files               {file}     gauge      of WatchTracker: without an outcome
//	imm.tracker.kept_messages            {message}  gauge      that wait for a call to return
//	imm.tracker.unknown_messages         {message}  counter    that are of no call of the tracker
//
// The gauges of bulk work are sums over the runs of the process. The error.type is
// one of the kinds of errors of package imm, such as throttled or not_found; canceled
// and deadline_exceeded where the context ended; for deliveries refused, unreadable,
// lost and failed; and _OTHER for the rest. Names of projects, datasets and files are
// never in a metric, so the number of series has a limit, whatever a program does.
//
// # What is not shown
//
// No span, event or metric has a key, a token or a signature in it. URIs of files and
// texts of errors, which may have them in, are shown in spans only with WithURIs.
//
// https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/
package otelimm
