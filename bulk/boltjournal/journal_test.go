package boltjournal

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

var background = context.Background()

func TestAJournalRemembersWhatWasRecorded(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	for batches := range 12 {
		j, err := Open(path)
		require.NoError(t, err)
		recordUpTo(t, j, batches)
		require.NoError(t, j.Close())
		require.NoError(t, j.Close(), "twice")

		j, err = Open(path)
		require.NoError(t, err)
		k, err := recorded(j)
		require.NoError(t, err)
		require.Equal(t, batches, k)
		require.NoError(t, j.Close())
	}
}

func TestAJournalOfOtherWorkIsRefused(t *testing.T) {
	t.Parallel()
	j := open(t, newPath(t))
	recordUpTo(t, j, 3)
	_, _, err := j.Resume(t.Context(), "project p, dataset e, source URIs of 7 bytes")
	require.ErrorIs(t, err, ErrOtherWork)
	require.EqualError(t, err, "boltjournal: "+j.path+` is the journal of other work: it is for "`+fingerprint+
		`", not for "project p, dataset e, source URIs of 7 bytes"; use another file, or remove this one to start over`)
	k, err := recorded(j)
	require.NoError(t, err)
	require.Equal(t, 3, k)
}

func TestProgressIsTakenAsTheContractSays(t *testing.T) {
	t.Parallel()
	accepted := func(positions ...string) (results []bulk.Result) {
		for _, position := range positions {
			results = append(results, bulk.Result{Position: position, Status: bulk.Indexed})
		}
		return results
	}
	for name, tt := range map[string]struct {
		progress []bulk.Progress
		after    string
		done     []string
	}{
		"nothing":                          {[]bulk.Progress{{}}, "", []string{}},
		"results behind":                   {[]bulk.Progress{{Results: accepted("2", "3")}}, "", []string{"2", "3"}},
		"results that are covered at once": {[]bulk.Progress{{Results: accepted("1", "2", "4"), After: "2", Covered: []string{"1", "2"}}}, "2", []string{"4"}},
		"results that are covered later":   {[]bulk.Progress{{Results: accepted("2", "3")}, {Results: accepted("1"), After: "3", Covered: []string{"1", "2", "3"}}}, "3", []string{}},
		"after without results":            {[]bulk.Progress{{Results: accepted("2")}, {After: "2", Covered: []string{"2"}}}, "2", []string{}},
		"the same twice":                   {[]bulk.Progress{{Results: accepted("2", "2")}, {Results: accepted("2")}}, "", []string{"2"}},
		"covered and never done":           {[]bulk.Progress{{After: "9", Covered: []string{"7", "7"}}}, "9", []string{}},
	} {
		path := newPath(t)
		j, err := Open(path)
		require.NoError(t, err)
		_, _, err = j.Resume(t.Context(), fingerprint)
		require.NoError(t, err)
		for _, progress := range tt.progress {
			require.NoError(t, j.Record(t.Context(), progress), name)
		}
		require.NoError(t, j.Close())
		after, done, err := open(t, path).Resume(t.Context(), fingerprint) // the counts are right, too
		require.NoError(t, err, name)
		require.Equal(t, tt.after, after, name)
		require.Equal(t, tt.done, done, name)
	}
}

func TestARecordThatFailsStoresNothing(t *testing.T) {
	t.Parallel()
	j := open(t, newPath(t))
	recordUpTo(t, j, 4)
	progress := progressOf(4)
	progress.Results[6].Position = ""
	require.ErrorContains(t, j.Record(t.Context(), progress), `the result of "oss://bucket/34" has no position`)
	progress.Results[6].Position = strings.Repeat("x", math.MaxUint16)
	require.ErrorContains(t, j.Record(t.Context(), progress), "key too large")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, j.Record(ended, progressOf(4)), context.Canceled)
	_, _, err := j.Resume(ended, fingerprint)
	require.ErrorIs(t, err, context.Canceled)
	k, err := recorded(j)
	require.NoError(t, err)
	require.Equal(t, 4, k)

	require.NoError(t, j.Close())
	require.ErrorContains(t, j.Record(t.Context(), progressOf(4)), "database not open")
}

func TestRecordsAtTheSameTimeAreAllKept(t *testing.T) {
	t.Parallel()
	j := open(t, newPath(t))
	_, _, err := j.Resume(t.Context(), fingerprint)
	require.NoError(t, err)
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			result := bulk.Result{Position: strconv.Itoa(i), Status: bulk.Failed, Err: errors.New("x")}
			if err := j.Record(background, bulk.Progress{Results: []bulk.Result{result}}); err != nil {
				t.Error(err)
			}
			for _, err := range j.Failed() {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	_, done, err := j.Resume(t.Context(), fingerprint)
	require.NoError(t, err)
	require.Len(t, done, 50)
}

func TestPositionsComeBackByteByByte(t *testing.T) {
	t.Parallel()
	const fingerprint, position, behind = "a folder \xff\xfe", "caf\xe9.jpg", "caf\xe9\x00.jpg"
	path := newPath(t)
	j, err := Open(path)
	require.NoError(t, err)
	_, _, err = j.Resume(t.Context(), fingerprint)
	require.NoError(t, err)
	require.NoError(t, j.Record(t.Context(), bulk.Progress{
		Results: []bulk.Result{{Position: position, Status: bulk.Failed}, {Position: behind, Status: bulk.Accepted}},
		After:   position, Covered: []string{position},
	}))
	require.NoError(t, j.Close())
	j = open(t, path)
	after, done, err := j.Resume(t.Context(), fingerprint)
	require.NoError(t, err)
	require.Equal(t, position, after)
	require.Equal(t, []string{behind}, done)
	for failure, err := range j.Failed() {
		require.NoError(t, err)
		require.Equal(t, position, failure.Position)
	}
	source, err := j.RetryFailed().Fingerprint(t.Context())
	require.NoError(t, err)
	require.Contains(t, source, fingerprint)
	_, _, err = j.Resume(t.Context(), "a folder \ufffd\ufffd")
	require.ErrorIs(t, err, ErrOtherWork)
}

func TestAFileThatJSONCannotHoldIsListedAndNotSentAgain(t *testing.T) {
	t.Parallel()
	const uri = "oss://bucket/key"
	for name, test := range map[string]struct {
		file imm.InputFile
		kept bool
	}{
		"a URI":                  {file: imm.InputFile{URI: "oss://bucket/\xff"}},
		"a title":                {file: imm.InputFile{URI: uri, Title: "caf\xe9"}},
		"behind a backslash":     {file: imm.InputFile{URI: uri, Title: `\` + "\xe9"}},
		"a value":                {file: imm.InputFile{URI: uri, CustomLabels: map[string]string{"a": "\xff"}}},
		"a key":                  {file: imm.InputFile{URI: uri, CustomLabels: map[string]string{"\xff": "a"}}},
		"deep inside":            {file: imm.InputFile{URI: uri, Labels: []imm.Label{{LabelName: "\xff"}}}},
		"a number":               {file: imm.InputFile{URI: uri, Labels: []imm.Label{{LabelConfidence: float32(math.NaN())}}}},
		"the sign for that":      {file: imm.InputFile{URI: uri, Title: "\ufffd"}, kept: true},
		"its name":               {file: imm.InputFile{URI: uri, Title: `\ufffd \\ufffd`}, kept: true},
		"Latin-1 in UTF-8":       {file: imm.InputFile{URI: uri, Title: "café <&> \u2028"}, kept: true},
		"nothing but what it is": {file: imm.InputFile{URI: uri, CustomLabels: map[string]string{}}, kept: true},
	} {
		j := open(t, newPath(t))
		_, _, err := j.Resume(t.Context(), fingerprint)
		require.NoError(t, err)
		require.NoError(t, j.Record(t.Context(), bulk.Progress{Results: []bulk.Result{
			{Position: "1", Status: bulk.Failed, Err: errors.New("not UTF-8"), File: test.file},
		}}))
		var failures []FailedFile
		for failure, err := range j.Failed() {
			require.NoError(t, err)
			failures = append(failures, failure)
		}
		require.Len(t, failures, 1, name)
		again := itemsOf(t, j.RetryFailed())
		if test.kept {
			require.Equal(t, FailedFile{File: test.file, Position: "1", Reason: "not UTF-8"}, failures[0], name)
			require.Equal(t, test.file, again[0].File, name)
			continue
		}
		reason := fmt.Sprintf("not UTF-8 (the file %q cannot be kept)", test.file.URI)
		require.Equal(t, FailedFile{Position: "1", Reason: reason}, failures[0], name)
		require.Empty(t, again, name)
	}
}

func TestAnotherFileIsNotTakenForAJournal(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	list := filepath.Join(folder, "list.txt")
	text := []byte(strings.Repeat("oss://bucket/object\n", 2000))
	require.NoError(t, os.WriteFile(list, text, 0o600))
	other := filepath.Join(folder, "other.db")
	db, err := bbolt.Open(other, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("theirs"))
		return err
	}))
	require.NoError(t, db.Close())
	for path, want := range map[string]string{list: "invalid database", other: "it is no journal"} {
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		for range 2 { // the first left nothing locked
			_, err = Open(path)
			require.ErrorIs(t, err, ErrDamaged)
			require.ErrorContains(t, err, "boltjournal: "+path+" is damaged or no journal ("+want)
		}
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, before, after)
	}
	_, err = Open(folder)
	require.ErrorContains(t, err, "is a folder; want the name of a file in it")
	_, err = Open(filepath.Join(folder, "missing", "journal"))
	require.ErrorIs(t, err, os.ErrNotExist)
	empty := filepath.Join(folder, "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	recordUpTo(t, open(t, empty), 1)
}

func TestALaterVersionIsNotTouched(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	j, err := Open(path)
	require.NoError(t, err)
	recordUpTo(t, j, 1)
	require.NoError(t, j.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(journalBucket).Put(versionKey, []byte{version + 1})
	}))
	require.NoError(t, j.Close())
	_, err = Open(path)
	require.EqualError(t, err, "boltjournal: "+path+": it was written by a later version of this package (2, and this one knows 1): update the program")
	require.NotErrorIs(t, err, ErrDamaged)
}
