package notify

// noReasonFound is for a file that is resolved as failed without a reason.
const noReasonFound = "it was resolved as failed, and not why"

// Resolve gives files their outcome that was learned in another way than by a
// message, so that those are not open for ever whose message was lost. Pass
// outcomes of Open in which Status was set to StatusIndexed or StatusFailed, and
// Reason as well: what [imm.Client.WaitIndexed] or [imm.Client.GetFileMeta] says, or
// that the file is given up. Others are passed over, so that the whole list can be
// passed. It returns how many files have their outcome by this call.
//
// All else is as with a message: the first outcome of a file counts, the function of
// WithOutcomes is told of it by this goroutine, and waits end. So a file whose message came
// since Open is not resolved, and a message that comes after Resolve changes nothing.
// A file is found by what Open says of it: names, URI, CustomID, UserData and Since.
//
// A file in the dataset can have been indexed by an earlier call. Look at what it
// says only if its UpdateTime is not before the Since of the outcome, less a minute
// or so for clocks that differ.
func (t *Tracker) Resolve(outcomes ...Outcome) (resolved int) {
	for i := range outcomes {
		if t.resolve(&outcomes[i]) {
			resolved++
		}
	}
	return resolved
}

// resolve takes the lock for one file at a time, so that many do not stop the
// tracker.
func (t *Tracker) resolve(o *Outcome) bool {
	status, reason := fileIndexed, ""
	switch o.Status {
	case StatusIndexed:
	case StatusFailed:
		if status, reason = fileFailed, o.Reason; reason == "" {
			reason = noReasonFound
		}
	default:
		return false
	}
	t.mu.Lock()
	defer t.unlock()
	f := t.openFile(o)
	if f == nil {
		return false
	}
	t.decide(f, status, reason)
	if f.batch.open == 0 {
		t.end(f.batch)
	}
	return true
}

// openFile is the first file without an outcome that Open can have meant.
func (t *Tracker) openFile(o *Outcome) *trackedFile {
	index, text := &t.uris, o.URI
	if text == "" {
		index, text = &t.customIDs, o.CustomID
	}
	for f := range index.all(text) {
		b := f.batch
		if f.status == fileOpen && f.uri == o.URI && f.customID == o.CustomID && b.since.Equal(o.Since) &&
			b.userData == o.UserData && b.projectName == o.ProjectName && b.datasetName == o.DatasetName {
			return f
		}
	}
	return nil
}
