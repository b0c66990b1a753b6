// Package notify receives the messages in which the service reports the outcome
// of indexing, trusts only real ones, and matches them to the calls that caused
// them.
//
// # Which way to choose
//
// [NewQueueReceiver] takes messages out of a queue of MNS that has subscribed to
// the topic. Nothing outside needs to reach the program, only those who have the
// keys can read and write the queue, the work can take its time, and a message
// stays in the queue until it is done. Prefer it.
//
// [NewMNSHandler] receives what MNS pushes over HTTP. It suits a program that is
// reachable from outside anyway, or that runs only when it is called. Work on a
// message must be done in 4 seconds.
//
// [NewEventBridgeHandler] receives the events that EventBridge delivers to an HTTP
// target, for those who route them with its rules. It needs no topic.
//
// All three hand messages to a function, and [Tracker.Handle] is one: a [Tracker]
// knows which files each call was about and tells of each what became of it. A
// service that pushes are sent to needs no more than this:
//
//	tracker, err := notify.NewTracker()
//	if err != nil {
//		log.Fatal(err)
//	}
//	handler, err := notify.NewMNSHandler(tracker.Handle,
//		notify.WithTopicOwner("1000000000000000"),
//		notify.WithSecretPath(os.Getenv("NOTIFICATIONS_SECRET")),
//		notify.WithLogger(slog.Default()))
//	if err != nil {
//		log.Fatal(err)
//	}
//	mux := http.NewServeMux()
//	mux.Handle("POST /notifications/{secret}", handler)
//	log.Fatal(http.ListenAndServe(":8080", mux)) // behind a proxy that does TLS
//
// With a queue, a receiver that ends because the queue does not exist ends the wait
// as well:
//
//	receiver, err := notify.NewQueueReceiver("https://1000000000000000.mns.cn-hangzhou.aliyuncs.com", "test-queue",
//		imm.EnvCredentials(), tracker.Handle)
//	if err != nil {
//		log.Fatal(err)
//	}
//	receiving, stop := context.WithCancelCause(ctx)
//	defer stop(nil)
//	go func() { stop(receiver.Run(receiving)) }()
//	// …
//	outcomes, err := batch.Wait(receiving)
//
// # At least once
//
// A message can come more than once, late, or in another order than it was sent,
// and if nobody acknowledges it for about a day, or a minute, depending on the
// subscription, not at all. A message above 64 KB never comes. So a callback must
// bear a message that it has seen; [WithDeduplication] keeps most of these away
// from it, and a Tracker is not confused by them. It returns nil only when what it
// did will last: to store outcomes, store them in a callback of your own and then
// call [Tracker.Handle], and return the error if storing fails. For files whose
// message does not come, [imm.Client.WaitIndexed] asks the dataset, and
// [Tracker.Resolve] takes its answer.
//
// # What a signature proves
//
// A handler verifies the signature of each push, and refuses what is missing,
// doubled, altered, too old, or signed with a certificate from elsewhere. That
// leaves the following, which is the nature of these signatures:
//
//   - MNS signs the path, the headers and the body, but not the host. Anybody with
//     an account can have MNS sign a push to the same path on their own server, and
//     send it on. [WithTopicOwner] and [WithSecretPath] refuse it. Use at least one
//     of them.
//   - EventBridge signs the URL, but anybody with an account can name the URL of
//     somebody else as a target of their own rule. [WithToken], or a path in
//     [WithURL] that nobody can guess, refuses what they send.
//   - Within the time window a push that was recorded can be sent again. So receive
//     over https, and deduplicate.
//   - The keys of MNS have 512 bits. Factoring one takes some hours of rented
//     machines, and whoever has done it signs what they like. The secret path does
//     not depend on the key. Where a false outcome would do harm, take the message
//     as a hint and ask the dataset with [imm.Client.GetFileMeta], or use a queue.
//   - The certificates are signed by themselves and expired. What they are worth is
//     that they were fetched over https from the host where the sender keeps them.
//
// What a message says about itself, such as its ids, is as good as its signature.
// Nothing in this package logs a secret or puts one into an error.
package notify
