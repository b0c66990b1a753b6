// Package immtest is an emulator of the IMM service for tests: it runs in the
// test's own process, needs no account and no network, and is as strict as the
// service where the service is strict.
//
//	server := immtest.NewServer()
//	defer server.Close()
//	server.PutObject("test-bucket", "photo.jpg", photo)
//	client := server.Client()
//
// [Server.Client] speaks to the server without a network. Where a test brings
// its own HTTP client, [Server.Transport] is the round tripper for it;
// [Server.URL] is the address of a real listener on the loopback interface, and
// a Server is an http.Handler besides.
//
// # What it does
//
//   - It checks signatures, dates, nonces, security tokens, versions and arguments,
//     and refuses with the codes and statuses of the service. Request ids, the text
//     that should have been signed, and empty fields are where the service has them.
//   - Buckets are real: sizes, content types, ETags and image dimensions are read
//     from the bytes that [Server.PutObject] or [WithBucket] gave. With
//     [WithRescanInterval] changes in a folder are followed.
//   - Projects and datasets are made when a call that puts something into them names
//     them, or before, with workflow templates, by [WithProject] and [WithDataset].
//     [WithStrict] leaves only the latter.
//   - A binding is Ready for 200 ms, then Running and FullScanning while it reads
//     every object of the bucket, and IncrementalScanning 300 ms after that scan.
//     From then on it follows what is put into the bucket and deleted from it. A
//     dataset has at most ten.
//   - Indexing is asynchronous: the message with the outcome of each file is on
//     the topic 100 ms after the call, in the form that [WithMessageFormat] names.
//     [Server.WaitMessage] receives it. As the service does, the emulator drops a
//     message for MNS that is above 64 KB.
//   - [Server.Inject] makes calls fail as they fail in production, [Server.FailBinding]
//     a binding, and [Server.FailObject] one file of a call. [WithQPS] throttles,
//     [WithTemporaryCredentials] lets keys end, and [WithClockOffset] sets the clock
//     wrong.
//
// # Time
//
// Every wait is a timer of package time, so inside a testing/synctest bubble the
// states of a binding appear at their exact times and the test takes none. Make
// the server inside the bubble and use [Server.Client] or [Server.Transport]
// there: a real listener cannot be waited for in a bubble.
//
// # Memory
//
// A file takes about 300 bytes in a dataset, so that a million of them fit into a
// test. What a server records does not grow without end: of requests the last
// 10,000 stay, and of them and of each topic's messages the last 64 MiB.
//
// All of it is safe for concurrent use, and servers share nothing.
package immtest
