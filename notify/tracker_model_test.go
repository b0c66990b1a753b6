package notify_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/notify"
)

// modelSource is the file that a reason is about: what the service meant.
type modelSource struct {
	batch        *plainBatch
	file         plainFile
	namesCall    bool // by UserData
	namesAnswer  bool // by an id that the answer may have
	namesProject bool
	uri, id      string // as the message has them
}

// TestATrackerDoesWhatAPlainOneDoes draws calls, messages that are early, lost,
// late, partial, doubled, without UserData or from elsewhere, with few files and
// few ids so that they meet, and compares each step with a plain tracker. Beside
// that, no file may have the outcome of another, and none may be reported twice.
func TestATrackerDoesWhatAPlainOneDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		reported := make(map[string]int)
		tracker, err := notify.NewTracker(notify.WithOutcomes(func(o notify.Outcome) { reported[o.UserData]++ }))
		require.NoError(t, err)
		plain := &plainTracker{ids: make(map[string]plainID)}
		sources := make(map[string]modelSource)
		var sent []*imm.IndexMessage
		var messages int

		draw := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
		some := func(label string) *plainBatch {
			if len(plain.batches) == 0 {
				return nil
			}
			return plain.batches[rapid.IntRange(0, len(plain.batches)-1).Draw(t, label)]
		}
		handle := func(m *imm.IndexMessage) {
			require.NoError(t, tracker.Handle(t.Context(), m))
			plain.handle(m, len(plain.batches))
		}
		t.Repeat(map[string]func(*rapid.T){
			"track": func(t *rapid.T) {
				b := &plainBatch{number: len(plain.batches), project: draw("project", "p", "p", "q")}
				var files []imm.InputFile
				for range rapid.IntRange(1, 4).Draw(t, "files") {
					f := plainFile{draw("URI", "a", "b", "c"), draw("id", "", "", "1", "2"), "?"}
					b.files = append(b.files, f)
					files = append(files, imm.InputFile{URI: f.uri, CustomID: f.id})
				}
				b.real, err = tracker.Track(b.project, "d", fmt.Sprint(b.number), files)
				require.NoError(t, err)
				plain.batches = append(plain.batches, b)
			},
			"return": func(t *rapid.T) {
				b := some("batch")
				if b == nil {
					return
				}
				requestID := draw("request id", "", fmt.Sprint("R", b.number))
				b.real.Accepted(requestID, fmt.Sprint("E", b.number))
				plain.accepted(b, requestID, fmt.Sprint("E", b.number))
			},
			"forget": func(t *rapid.T) {
				if b := some("batch"); b != nil && rapid.IntRange(0, 3).Draw(t, "really") == 0 {
					b.real.Forget()
					plain.forget(b)
				}
			},
			"resolve": func(t *rapid.T) {
				open := tracker.Open()
				if len(open) == 0 {
					return
				}
				o := open[rapid.IntRange(0, len(open)-1).Draw(t, "file")]
				o.Status, o.Reason = notify.StatusIndexed, ""
				if rapid.Bool().Draw(t, "failed") {
					o.Status, o.Reason = notify.StatusFailed, "by the dataset"
				}
				require.Equal(t, 1, tracker.Resolve(o))
				plain.resolve(o)
			},
			"message": func(t *rapid.T) {
				b := some("batch")
				if b == nil {
					return
				}
				messages++
				m := &imm.IndexMessage{Success: rapid.IntRange(0, 4).Draw(t, "success") > 0, Message: fmt.Sprint("whole", messages)}
				m.RequestID = draw("request id", "", fmt.Sprint("M", messages), fmt.Sprint("R", b.number))
				m.EventID = draw("event id", "", "", fmt.Sprint("E", b.number))
				if rapid.Bool().Draw(t, "user data") {
					m.UserData = b.real.UserData()
				}
				if rapid.Bool().Draw(t, "names") {
					m.ProjectName, m.DatasetName = b.project, "d"
				}
				namesAnswer := strings.HasPrefix(m.RequestID, "R") || m.EventID != ""
				files := rapid.Permutation(b.files).Draw(t, "order")
				if rapid.IntRange(0, 3).Draw(t, "partial") == 0 {
					files = files[:rapid.IntRange(0, len(files)).Draw(t, "part")]
				}
				sources[m.Message] = modelSource{batch: b, namesCall: m.UserData != "", namesProject: m.ProjectName != ""}
				for i, f := range files {
					in := imm.IndexedFile{URI: f.uri, CustomID: f.id}
					switch rapid.IntRange(0, 9).Draw(t, "lacks") {
					case 0:
						in.CustomID = ""
					case 1:
						in.URI = ""
					}
					if rapid.IntRange(0, 3).Draw(t, "indexed") > 0 {
						in.Error = fmt.Sprintf("message%d.%d", messages, i)
						sources[in.Error] = modelSource{b, f, m.UserData != "", namesAnswer, m.ProjectName != "", in.URI, in.CustomID}
					}
					m.Files = append(m.Files, in)
				}
				sent = append(sent, m)
				if rapid.IntRange(0, 4).Draw(t, "lost or late") > 0 {
					handle(m)
				}
			},
			"again": func(t *rapid.T) {
				if len(sent) > 0 {
					handle(sent[rapid.IntRange(0, len(sent)-1).Draw(t, "message")])
				}
			},
			"from elsewhere": func(t *rapid.T) {
				m := &imm.IndexMessage{Success: true, UserData: draw("user data", "", "", "theirs", "imm1.AAAAAAAAAAAAAAAA.AAAAAAAA.")}
				for range rapid.IntRange(0, 3).Draw(t, "files") {
					m.Files = append(m.Files, imm.IndexedFile{URI: draw("URI", "a", "b", "x"), CustomID: draw("id", "", "1", "9")})
				}
				handle(m)
			},
			"": func(t *rapid.T) {
				var decided int64
				for _, b := range plain.batches {
					var want []string
					known := 0
					for i, f := range b.files {
						want = append(want, f.status)
						if f.status != "?" {
							known++
						}
						source, found := sources[f.status]
						if !found {
							continue
						}
						require.True(t, !source.namesProject || source.batch.project == b.project, "the message named another project")
						require.True(t, !source.namesCall || source.batch == b, "the message named another call")
						if source.uri != "" {
							require.Equal(t, source.file.uri, f.uri, "file %d has the outcome of another", i)
						}
						if source.id != "" && f.id != "" && !source.namesCall && !source.namesAnswer {
							require.Equal(t, source.file.id, f.id, "file %d has the outcome of another", i)
						}
					}
					require.Equal(t, strings.Join(want, " "), batchStatus(b.real), "batch %d", b.number)
					require.Equal(t, known, reported[fmt.Sprint(b.number)])
					select {
					case <-b.real.Done():
						require.True(t, b.over())
					default:
						require.False(t, b.over())
					}
					decided += int64(known)
				}
				stats := tracker.Stats()
				require.Equal(t, plain.count(), stats)
				require.Equal(t, decided, stats.Indexed+stats.Failed)
				requireTrackerSum(t, stats)
				require.Len(t, tracker.Open(), int(stats.Open))
			},
		})
	})
}
