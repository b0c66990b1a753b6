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
//     and refuses with the codes and statuses of the service.
//   - Buckets are real: sizes, content types, ETags and image dimensions are read
//     from the bytes that [Server.PutObject] or [WithBucket] gave.
//   - A binding is Ready for 200 ms, then Running and FullScanning while it reads
//     every object of the bucket, and IncrementalScanning 300 ms after that scan.
//     From then on it follows what is put into the bucket and deleted from it.
//   - Indexing is asynchronous: the message with the outcome of each file is on
//     the topic 100 ms after the call. [Server.WaitMessage] receives it. As the
//     service does, the emulator drops a message for MNS that is above 64 KB.
//   - [Server.Inject] makes calls fail as they fail in production.
//
// # Time
//
// Every wait is a timer of package time, so inside a testing/synctest bubble the
// states of a binding appear at their exact times and the test takes none. Make
// the server inside the bubble and use [Server.Client] or [Server.Transport]
// there: a real listener cannot be waited for in a bubble.
//
// All of it is safe for concurrent use, and servers share nothing.
package immtest
