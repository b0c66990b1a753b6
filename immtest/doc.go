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
//   - Buckets are real: sizes, content types, ETags, checksums, image dimensions and
//     what EXIF tells (orientation, time and place of a photo) are read from the bytes
//     that [Server.PutObject] or [WithBucket] gave. [WithExtractor] adds what else is
//     to be found: durations, labels. With [WithRescanInterval] changes in a folder are
//     followed.
//   - Projects and datasets are made when a call that puts something into them names
//     them, or before, with workflow templates, by [WithProject] and [WithDataset].
//     [WithStrict] leaves only the latter. Calls create, change, list and delete them
//     as well; what is not empty is not deleted.
//   - A binding is Ready for 200 ms, then Running and FullScanning while it reads
//     every object of the bucket, and IncrementalScanning 300 ms after that scan.
//     From then on it follows what is put into the bucket and deleted from it. A
//     dataset has at most ten.
//   - Indexing is asynchronous: the message with the outcome of each file is on
//     the topic 100 ms after the call, in the form that [WithMessageFormat] names.
//     [Server.WaitMessage] receives it. As the service does, the emulator drops a
//     message for MNS that is above 64 KB; [Server.Discarded] counts these.
//   - Messages are delivered, too. [WithSubscription] pushes those of an MNS topic
//     to an address or an http.Handler, in the three formats, signed and repeated as
//     MNS does, or puts them into a queue. Queues, also those of [WithQueue], have the API
//     of MNS below /queues/NAME/messages. [WithEventBridge] pushes every index call that
//     finishes as a signed event of CloudEvents. [Server.Certificate] is where receivers
//     get the certificates, and [AccountID] owns the topics. [Server.WaitDelivered]
//     returns once all is delivered, [Server.Subscriptions] says what was and how the
//     last attempt failed, and [Server.Queues] what is in the queues.
//   - Lists come in pages that stay stable while things come and go. [Server.PutTask]
//     says which tasks there are; no operation makes one.
//   - [Server.Inject] makes calls fail as they fail in production, [Server.FailBinding]
//     a binding, and [Server.FailObject] one file of a call. [Server.InjectDelivery]
//     loses, doubles, delays, reorders and forges what is delivered. [WithQPS] throttles,
//     [WithTemporaryCredentials] lets keys end, and [WithClockOffset] sets the clock
//     wrong.
//
// # Queries
//
// SimpleQuery evaluates its conditions over the files of a dataset, every documented
// field and part of one included, with sorting, pages, WithFields and aggregations.
// Values compare as the field's type says. A field that is missing meets nothing, and
// as on the wire one that is zero is missing, but for the size of an empty object.
// With WithFields a file has only what was asked for, in GetFileMeta and BatchGetFileMeta
// as well: ask for URI to tell files apart. A name that no field has is refused.
// Where the documentation leaves something open, the emulator does this:
//
//   - match-phrase finds words in their order, in whatever case; Chinese and Japanese
//     characters are words of their own.
//   - prefix and match-phrase are for text, min, max, average and sum for numbers.
//   - A nested condition takes names from the file on, Labels.LabelName, and from the
//     element on, LabelName.
//   - A not with several sub-queries is met where none of them is.
//   - Files cannot be sorted by a list. Without Order all fields are descending.
//   - count is of the files that have the field. The least of nothing is no Value.
//
// FuzzyQuery finds the files in whose key, CustomID, labels, custom labels, addresses,
// title and names of a record, texts of OCR, captions or subtitles the text occurs, in
// whatever case. SemanticQuery does not understand images as the service does: it
// ranks files by how many different words of the query occur in those same texts, and
// leaves out those with none. With SourceURI the words are those of that file.
//
// # Time
//
// Every wait is a timer of package time, so inside a testing/synctest bubble the
// states of a binding appear at their exact times and the test takes none. Make
// the server inside the bubble and use [Server.Client] or [Server.Transport]
// there: a real listener cannot be waited for in a bubble. Pushes come at their
// exact times as well where a subscription has a Handler.
//
// # Memory
//
// A file takes about 300 bytes in a dataset, so that a million of them fit into a
// test; one with EXIF takes the text of that besides. A query looks at every file,
// 100,000 of them in a tenth to half of a second. What a server records does not
// grow without end: of requests the last 10,000 stay, and of them and of each topic's
// messages the last 64 MiB. So it is with a queue. A subscription has at most 64 MiB of
// messages pending and 64 pushes under way, so a receiver that never answers holds up
// no other and fills no memory.
//
// All of it is safe for concurrent use, and servers share nothing.
package immtest
