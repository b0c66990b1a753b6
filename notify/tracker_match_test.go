package notify_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/notify"
)

func TestAFileIsFoundInItsCall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		call, message, want string
		unknown, duplicates int64
	}{
		"by URI":                                 {"a b", "a b!why", "+ why", 0, 0},
		"in another order":                       {"a b c", "c!1 a!2 b!3", "2 3 1", 0, 0},
		"a part":                                 {"a b c", "b", "? + ?", 0, 0},
		"what the call has not is unknown":       {"a b", "a x b!why", "+ why", 1, 0},
		"a URI is enough where it is there once": {"a#1 b", "a#7 b#8!why", "+ why", 0, 0},
		"a URI goes before an id":                {"a#1 b#2", "b#1!why", "? why", 0, 0},
		"an id where the call has not the URI":   {"a#1 b#2", "x#2!why", "? why", 0, 0},
		"an id without a URI":                    {"a#1 b#2", "#2!why #1", "+ why", 0, 0},
		"an id that two have":                    {"a#1 b#1", "#1!why x#1!why", "? ?", 2, 0},
		"an id of a file that a URI names":       {"a#1 b#2", "x#1!no a#1!why", "why ?", 1, 0},
		"no URI and no id":                       {"a b#2", "#", "? ?", 1, 0},
		"equal ids do not matter to URIs":        {"a#g b#g c#g", "b#g!why a#g", "+ why ?", 0, 0},
		"named twice: the first counts":          {"a b", "a!1 a!2", "1 ?", 0, 1},
		"a URI twice needs the id":               {"a#1 a#2", "a#2!why", "? why", 0, 0},
		"a URI twice and both ids":               {"a#1 b a#2", "a#2!2 a#1!1 b", "1 + 2", 0, 0},
		"a URI twice and no id":                  {"a#1 a#2", "a!why a", "? ?", 2, 0},
		"a URI twice and another id":             {"a#1 a#2", "a#3!why", "? ?", 1, 0},
		"a URI twice and one without an id":      {"a a#2", "a!why", "why ?", 0, 0},
		"the same file twice":                    {"a a", "a!1 a!2", "1 2", 0, 0},
		"the same file twice and named once":     {"a a", "a!1", "1 ?", 0, 0},
		"the same file twice and named 3 times":  {"a#1 a#1", "a#1!1 a#1!2 a#1!3", "1 2", 0, 1},
		"nothing of the call":                    {"a", "x y", "?", 2, 0},
		"near misses":                            {"a", "A a/ aa", "?", 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// By UserData and by the id of the answer.
			for _, id := range []string{"", "R"} {
				tracker := newTracker(t)
				b := trackBatch(t, tracker, c.call)
				b.Accepted(id, "")
				m := trackerMessage(c.message)
				if m.RequestID = id; id == "" {
					m.UserData = b.UserData()
				}
				require.NoError(t, tracker.Handle(t.Context(), m))
				require.Equal(t, c.want, batchStatus(b))
				stats := tracker.Stats()
				requireTrackerSum(t, stats)
				require.Equal(t, c.unknown, stats.UnknownFiles)
				require.Equal(t, c.duplicates, stats.Duplicates)
				if id == "" {
					require.Zero(t, stats.UnknownMessages)
				}

				require.NoError(t, tracker.Handle(t.Context(), m))
				require.Equal(t, c.want, batchStatus(b), "a message that comes again changes nothing")
			}
		})
	}
}

func TestAMessageWithoutUserDataFindsItsCall(t *testing.T) {
	t.Parallel()
	type list []string
	for name, c := range map[string]struct {
		calls, messages, want list
		unknown               int64 // messages
	}{
		"by URI":                                 {list{"a", "b"}, list{"b!why"}, list{"?", "why"}, 0},
		"one of several":                         {list{"a b c"}, list{"b!why"}, list{"? why ?"}, 0},
		"the oldest first":                       {list{"a", "a", "a"}, list{"a!1", "a!2"}, list{"1", "2", "?"}, 0},
		"all files must be in one call":          {list{"a b", "a c"}, list{"a!1 c!2"}, list{"? ?", "1 2"}, 0},
		"and not some":                           {list{"a b", "c"}, list{"a c"}, list{"? ?", "?"}, 1},
		"nor more than there are":                {list{"a b"}, list{"a b x"}, list{"? ?"}, 1},
		"nor one more often":                     {list{"a b"}, list{"a a"}, list{"? ?"}, 1},
		"the call with just these files":         {list{"a b", "a"}, list{"a!1", "a!2 b!3"}, list{"2 3", "1"}, 0},
		"the id tells calls with one file apart": {list{"a#1", "a#2"}, list{"a#2!why"}, list{"?", "why"}, 0},
		"another id is another file":             {list{"a#1"}, list{"a#2"}, list{"?"}, 1},
		"an id that the message lacks":           {list{"a#1"}, list{"a!why"}, list{"why"}, 0},
		"an id that the call lacks":              {list{"a"}, list{"a#1!why"}, list{"why"}, 0},
		"the same id before none":                {list{"a", "a#1"}, list{"a#1!why"}, list{"?", "why"}, 0},
		"none before another":                    {list{"a#1", "a"}, list{"a!why"}, list{"?", "why"}, 0},
		"by an id alone":                         {list{"a#1", "b#2"}, list{"#2!why"}, list{"?", "why"}, 0},
		"an id that two calls have":              {list{"a#1", "b#1"}, list{"#1!why"}, list{"?", "?"}, 1},
		"an id that one call has twice":          {list{"a#1 b#1"}, list{"#1!why"}, list{"? ?"}, 1},
		"an id with another URI":                 {list{"a#1"}, list{"x#1!why"}, list{"?"}, 1},
		"an id and a URI":                        {list{"a#1 b", "c#1"}, list{"b!1 #1!2"}, list{"2 1", "?"}, 0},
		"labels of groups":                       {list{"a#g b#g", "c#g d#g"}, list{"c#g!1 d#g!2"}, list{"? ?", "1 2"}, 0},
		"a URI twice in a call":                  {list{"a#1 a#2"}, list{"a#2!why"}, list{"? why"}, 0},
		"a URI twice in a call and no id":        {list{"a#1 a#2"}, list{"a!why"}, list{"? ?"}, 1},
		"what has an outcome is not looked for":  {list{"a b", "a"}, list{"a b", "a!why"}, list{"+ +", "why"}, 0},
		"a rest goes to who is open":             {list{"a b", "a b"}, list{"a!1 b!2", "b!3", "a!4"}, list{"1 2", "4 3"}, 0},
		"nothing to go by":                       {list{"a#1"}, list{"#", ""}, list{"?"}, 2},
		"no file of it":                          {list{"a"}, list{"x"}, list{"?"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracker := newTracker(t)
			var batches []*notify.Batch
			for _, files := range c.calls {
				b := trackBatch(t, tracker, files)
				b.Accepted("answer of "+files, "")
				batches = append(batches, b)
			}
			for _, text := range c.messages {
				m := trackerMessage(text)
				m.ProjectName, m.DatasetName = trackerProject, trackerDataset
				m.RequestID = "message " + text
				require.NoError(t, tracker.Handle(t.Context(), m))
			}
			for i, want := range c.want {
				require.Equal(t, want, batchStatus(batches[i]), "call %d", i)
			}
			requireTrackerSum(t, tracker.Stats())
			require.Equal(t, c.unknown, tracker.Stats().UnknownMessages)
		})
	}
}

// Only the first of very many calls with a file are looked at, but a file that few
// have leads to its call.
func TestAFileThatVeryManyCallsHaveDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	var batches []*notify.Batch
	for range 1000 {
		batches = append(batches, trackBatch(t, tracker, "hot#g"))
	}
	pair := trackBatch(t, tracker, "hot#g rare#g")
	require.NoError(t, tracker.Handle(t.Context(), trackerMessage("hot#g!1 rare#g!2")))
	require.Equal(t, "1 2", batchStatus(pair), "it is one of a thousand and one")
	require.NoError(t, tracker.Handle(t.Context(), trackerMessage("#g!why")))
	require.EqualValues(t, 1, tracker.Stats().Kept, "which call it is of may come out")
	for _, b := range batches {
		b.Accepted("", "")
	}
	require.EqualValues(t, 1, tracker.Stats().UnknownMessages, "it could be of any")
	for i := range 3 {
		require.NoError(t, tracker.Handle(t.Context(), trackerMessage("hot#g!why")))
		require.Equal(t, "why ?", batchStatus(batches[i])+" "+batchStatus(batches[i+1]))
	}
}

func TestTheProjectAndTheDatasetMustAgreeWhereTheyAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		project, dataset string
		known            bool
	}{
		"both": {trackerProject, trackerDataset, true}, "none": {"", "", true},
		"the project": {trackerProject, "", true}, "the dataset": {"", trackerDataset, true},
		"another project": {"other", trackerDataset, false}, "another dataset": {trackerProject, "other", false},
		"the other way round": {trackerDataset, trackerProject, false}, "another case": {"Test-project", "", false},
	} {
		tracker := newTracker(t)
		b := trackBatch(t, tracker, "a")
		m := trackerMessage("a")
		m.ProjectName, m.DatasetName = c.project, c.dataset
		require.NoError(t, tracker.Handle(t.Context(), m))
		require.Equal(t, map[bool]string{true: "+", false: "?"}[c.known], batchStatus(b), name)
	}
}

func TestTheIDsOfTheAnswerGoBeforeTheFiles(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	first, second := trackBatch(t, tracker, "a"), trackBatch(t, tracker, "a")
	first.Accepted("R1", "E1")
	second.Accepted("R2", "E2")
	m := trackerMessage("a!why")
	m.RequestID = "R2"
	require.NoError(t, tracker.Handle(t.Context(), m))
	require.Equal(t, "? why", batchStatus(first)+" "+batchStatus(second))

	require.NoError(t, tracker.Handle(t.Context(), m))
	require.Equal(t, "?", batchStatus(first), "it is the message of a call that is over")
	require.EqualValues(t, 1, tracker.Stats().Duplicates)

	m = trackerMessage("a")
	m.EventID = "E1"
	require.NoError(t, tracker.Handle(t.Context(), m))
	require.Equal(t, "+", batchStatus(first))
}

func TestTheIDOfAnAnswerIsNoProofAgainstTheFiles(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	first, second := trackBatch(t, tracker, "a"), trackBatch(t, tracker, "b")
	first.Accepted("R1", "")
	second.Accepted("R2", "")
	m := trackerMessage("b")
	m.RequestID = "R1"
	require.NoError(t, tracker.Handle(t.Context(), m))
	require.Equal(t, "? +", batchStatus(first)+" "+batchStatus(second))
}

func TestUserDataGoesBeforeTheIDsOfTheAnswer(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	first, second := trackBatch(t, tracker, "a"), trackBatch(t, tracker, "a")
	first.Accepted("R1", "")
	second.Accepted("R2", "")
	m := trackerMessage("a")
	m.UserData, m.RequestID = second.UserData(), "R1"
	require.NoError(t, tracker.Handle(t.Context(), m))
	require.Equal(t, "? +", batchStatus(first)+" "+batchStatus(second))
}

// A message that was matched by its files and comes again must not become the
// outcome of the next call with the same files.
func TestAMessageMatchedByItsFilesIsNotTakenTwice(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	first, second := trackBatch(t, tracker, "a"), trackBatch(t, tracker, "a")
	first.Accepted("R1", "")
	second.Accepted("R2", "")
	for range 3 {
		m := trackerMessage("a!why")
		m.RequestID = "of the message"
		require.NoError(t, tracker.Handle(t.Context(), m))
		require.Equal(t, "why ?", batchStatus(first)+" "+batchStatus(second))
	}
	require.EqualValues(t, 2, tracker.Stats().Duplicates)
}

// Whose message it is was a guess, so what comes later with the same id counts only
// where there is no doubt about the file.
func TestAGuessDoesNotSpread(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	guessed := trackBatch(t, tracker, "a#1 b#2 c")
	m := trackerMessage("c")
	m.RequestID = "R2"
	require.NoError(t, tracker.Handle(t.Context(), m))
	require.Equal(t, "? ? +", batchStatus(guessed))
	second := trackBatch(t, tracker, "x#2 c")

	for _, text := range []string{"x#2!of-x", "b#3!of-3"} {
		m = trackerMessage(text)
		m.RequestID, m.UserData = "R2", ""
		require.NoError(t, tracker.Handle(t.Context(), m))
	}
	require.Equal(t, "? ? +", batchStatus(guessed))
	require.Equal(t, "of-x ?", batchStatus(second))

	m = trackerMessage("a#1 c")
	m.RequestID, m.ProjectName = "R2", "another"
	require.NoError(t, tracker.Handle(t.Context(), m))
	require.Equal(t, "? ? +", batchStatus(guessed))
}

func TestAFailedMessageWithoutFilesFailsTheWholeCall(t *testing.T) {
	t.Parallel()
	const unsaid = "the message says that indexing failed, and not why"
	for name, c := range map[string]struct {
		id, message, text string
		success           bool
		want              string
	}{
		"by UserData":      {"userdata", "", "out of order", false, "+ out of order"},
		"by RequestID":     {"request", "", "out of order", false, "+ out of order"},
		"by EventID":       {"event", "", "", false, "+ " + unsaid},
		"by nothing":       {"", "", "out of order", false, "+ ?"},
		"by a learned id":  {"learned", "", "out of order", false, "+ ?"},
		"success":          {"userdata", "", "", true, "+ ?"},
		"with files":       {"userdata", "b", "out of order", false, "+ out of order"},
		"of its own error": {"userdata", "b!mine", "out of order", false, "+ mine"},
		"without a reason": {"userdata", "b", "", false, "+ " + unsaid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracker := newTracker(t)
			b := trackBatch(t, tracker, "a b")
			b.Accepted("R", "E")
			m := trackerMessage("a")
			m.RequestID = "learned"
			require.NoError(t, tracker.Handle(t.Context(), m))
			m = trackerMessage(c.message)
			m.Success, m.Message = c.success, c.text
			switch c.id {
			case "userdata":
				m.UserData = b.UserData()
			case "request":
				m.RequestID = "R"
			case "event":
				m.EventID = "E"
			case "learned":
				m.RequestID = "learned"
			}
			require.NoError(t, tracker.Handle(t.Context(), m))
			require.Equal(t, c.want, batchStatus(b))
			requireTrackerSum(t, tracker.Stats())
		})
	}
}

func TestTheFirstOutcomeCounts(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	b := trackBatch(t, tracker, "a b c")
	for _, text := range []string{"a", "a!late b!why", "b", "a b c"} {
		m := trackerMessage(text)
		m.UserData = b.UserData()
		require.NoError(t, tracker.Handle(t.Context(), m))
	}
	require.Equal(t, "+ why +", batchStatus(b))
	require.Equal(t, notify.TrackerStats{Tracked: 3, Indexed: 2, Failed: 1, Duplicates: 4}, tracker.Stats())
}

func TestALongReasonIsShortened(t *testing.T) {
	t.Parallel()
	tracker := newTracker(t)
	b := trackBatch(t, tracker, "a b")
	m := trackerMessage("a b")
	m.Files[0].Error, m.Files[1].Error = strings.Repeat("猫", 2000), strings.Repeat("x", 4096)
	require.NoError(t, tracker.Handle(t.Context(), m))
	outcomes := b.Outcomes()
	require.Equal(t, strings.Repeat("猫", 1365)+"…", outcomes[0].Reason)
	require.Equal(t, m.Files[1].Error, outcomes[1].Reason)
}
