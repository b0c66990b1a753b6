package notify

import "time"

// Status is how it stands with a tracked file.
type Status string

// The statuses of an Outcome.
const (
	StatusOpen    Status = "open"    // nobody has said yet
	StatusIndexed Status = "indexed" // it is in the dataset
	StatusFailed  Status = "failed"  // see Reason
)

// Outcome is what became of one file of a batch.
type Outcome struct {
	ProjectName string
	DatasetName string
	URI         string
	CustomID    string
	Status      Status
	Reason      string    // why it failed, at most the first 4 KiB; otherwise empty
	Since       time.Time // when it was tracked
	UserData    string    // the caller's own, as it was given
	RequestID   string    // of the answer to the call; empty if it came before the answer
	EventID     string    // likewise
}

// TrackerStats are counts since NewTracker. Each file that was tracked is in one
// of the four counts after Tracked, which is their sum at any time.
type TrackerStats struct {
	Tracked   int64 // files
	Open      int64 // without an outcome
	Indexed   int64
	Failed    int64
	Forgotten int64 // without an outcome when Forget was called

	// Duplicates are outcomes in messages that changed nothing, because the file
	// had one already or its batch is over. A message without files counts as one.
	Duplicates int64
	// UnknownFiles are outcomes in messages for files that were not tracked, or
	// that could be of more than one tracked file.
	UnknownFiles int64
	// UnknownMessages are messages none of whose files is known. See WithUnknown.
	UnknownMessages int64
	// Kept are messages that wait for a call to return.
	Kept int64
}
