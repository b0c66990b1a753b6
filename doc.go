// Package imm is a client for metadata indexing in Alibaba Cloud Intelligent
// Media Management (IMM): it gets the metadata of files in OSS buckets and in
// Drive and Photo Service into a searchable dataset, and tells which files are
// indexed.
//
// # The shortest program
//
//	client, err := imm.NewClient("cn-hangzhou", imm.EnvCredentials())
//	if err != nil {
//		return err
//	}
//	_, err = client.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
//		ProjectName: "test-project",
//		DatasetName: "test-dataset",
//		Files: []imm.InputFile{
//			{URI: "oss://test-bucket/photo.jpg", CustomLabels: map[string]string{"category": "Pets"}},
//		},
//		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
//	})
//
// There are two ways to have files indexed. [Client.CreateBinding] binds a whole
// bucket, and [Client.WaitBinding] waits until everything in it is indexed.
// [Client.IndexFileMeta] and [Client.BatchIndexFileMeta] name files; the service
// answers at once and works later, and [ParseIndexMessage] reads the message
// that tells the outcome of each file, or [ParseIndexMessages] with the envelopes
// that a push has around it; [Client.WaitIndexed] asks instead, where
// there is no topic for messages. Both ways cost money in proportion to the number
// of files.
//
// Around them are projects, datasets, the metadata of files and queries over it,
// each with a method of the operation's name; lists come as iterators, too, such
// as [Client.Bindings]. [Client.Do] calls what this package has no method for.
//
// One [Client] serves all goroutines of a program. Package credentials, beside
// this one, finds access keys wherever Alibaba Cloud's tools keep them; package
// immtest is an emulator of the service for tests.
//
// # The context is law
//
// Every wait ends when the context does: for credentials, for the rate limit,
// for a repeat, for the answer and for its body. A wait that could not end before
// the deadline is not begun, and the error matches [context.DeadlineExceeded] all
// the same.
//
// # What is repeated
//
// A call sends at most 4 requests, with a random wait between them that grows
// from 100 ms to 10 s, or the wait that the service asks for, up to 30 s. The
// first answer in this table that fits decides; the code counts before the
// status of HTTP. Get, List, Query and BatchGet operations, indexing, updates
// and deletes are safe to repeat, and so are creates. A create or a delete whose
// first attempt had no clear answer, and whose repeat finds its work done, has
// succeeded. What [Client.Do] calls is not safe, unless its name or [SafeToRepeat]
// says so.
//
//	what happened                               | safe to repeat | others
//	throttled                                   | repeat, paced  | repeat, paced
//	no connection, nothing was sent             | repeat         | repeat
//	unavailable: InternalError, 5xx             | repeat         | stop
//	connection lost after sending               | repeat         | stop
//	timed out                                   | repeat         | stop
//	nonce used                                  | repeat         | stop
//	a reused connection was dead                | at once, once  | stop
//	security token expired                      | correct, once  | correct, once
//	clock skewed                                | correct, once  | correct, once
//	URI too long                                | correct, once  | correct, once
//	invalid argument, missing parameter         | stop           | stop
//	not found, already exists                   | stop           | stop
//	limit exceeded                              | stop           | stop
//	wrong key, wrong signature                  | stop           | stop
//	permission denied, account in arrears       | stop           | stop
//	a success that is not the documented one    | stop           | stop
//	redirect, and any other answer              | stop           | stop
//	no such host, certificate not accepted      | stop           | stop
//	no credentials                              | stop           | stop
//
// A repeat takes one of 100 tokens that the calls of a client share, and a
// success gives a tenth of one back, so that an outage is not multiplied. A
// correction (other credentials, the service's clock, a form in place of the
// query) and a repeat on a fresh connection take none, and neither does a repeat
// after throttling, which slows down the whole client instead. Corrections come
// beyond the 4 requests. This table is not part of the compatibility promise.
//
// # Errors
//
// An answer that is not a success is an [*APIError], a call without an answer is
// a [*RequestError], and a request that is refused before anything is sent is a
// [*ValidationError]. All of them match the Err… variables of this package with
// [errors.Is], such as [ErrNotFound] and [ErrThrottled].
package imm
