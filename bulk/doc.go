// Package bulk indexes a list of files of any length, as fast as the service
// allows, and ends with exactly one outcome for every file.
//
//	indexer, err := bulk.New(client, bulk.Config{
//		ProjectName: "test-project", DatasetName: "test-dataset",
//		OnResult: func(_ context.Context, r bulk.Result) { … },
//	})
//	…
//	summary, err := indexer.Run(ctx, files)
//
// There are two ways in, and one engine under both: [Indexer.Run], [Indexer.RunSource]
// and [Indexer.Results] read a list, and [Indexer.Add] takes files one by one until
// [Indexer.Close]. Outcomes come to OnResult, or to the loop over Results. Indexing
// costs money for each file.
//
// # What it does
//
//   - Files go in batches that are bounded by their number, their size in the
//     request, the size of the message that they will cause, and their age. No
//     batch has the same URI twice; two that follow each other may be under way at
//     the same time.
//   - The rate and the number of calls at once find themselves. The rate stays at or
//     below Config.Rate or what the project allows. Where the service throttles, it
//     falls to just under what was accepted, for all calls together, and then grows
//     slowly. The calls at once are doubled as long as that helps.
//   - A batch that the service cannot take, even after the repeats of the client, is
//     sent again after pauses that grow. If that goes on, it is halved, so that a file
//     which makes the service fail is alone in the end, and it alone fails after
//     Config.RetryFor.
//   - While nothing at all succeeds, there is one call at a time, and after
//     Config.RetryFor the run is stopped.
//   - A batch that is refused for something in it is halved until the files that are
//     guilty are alone: k of them cost about k times the logarithm of a batch more
//     requests, and all others are accepted. What the client itself refuses costs
//     none.
//   - A refusal of the account, the project or the dataset stops the run with one
//     error, and everything that is not accepted is [Unsent]. So does one and the
//     same refusal of the first 100 files while none is accepted, and a wrong endpoint
//     or the login page of a network before any is.
//   - Memory does not grow with the list: see Config.Concurrency.
//   - With Config.Confirm, accepted files are followed until they are known to be
//     [Indexed] or [Failed].
//   - With a [Journal], RunSource goes on where an earlier run ended, even after a
//     crash.
//
// The cost of each kind of fault is in docs/bulk-faults.md of the module.
package bulk
