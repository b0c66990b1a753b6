package bulk

import "context"

// Journal remembers which items of a source are done, so that a run which was
// killed goes on where it was. It is used by one run at a time, and by one
// goroutine of it.
type Journal interface {
	// Resume binds the journal to a source and a target, which the fingerprint
	// tells from others, and returns what earlier runs have done: everything up to
	// the item at the position after (empty: nothing), and of what is behind it the
	// items at the positions done. A journal of another fingerprint is an error.
	Resume(ctx context.Context, fingerprint string) (after string, done []string, err error)
	// Record makes progress durable before it returns. Only then are its results
	// reported. An error stops the run. The context outlives that of the run by a
	// grace period, so that what was done at the end is recorded, too.
	Record(ctx context.Context, progress Progress) error
}

// Progress is what Record stores at once: the Results first, then After, and then
// what is Covered goes.
type Progress struct {
	Results []Result // Accepted, Indexed or Failed, never Unsent; valid until Record returns
	// After is the position up to which everything is done, and Covered are the
	// positions behind the After before, of these Results and of earlier ones, that
	// it makes superfluous for Resume. Both are empty as long as nothing moved.
	After   string
	Covered []string
}
