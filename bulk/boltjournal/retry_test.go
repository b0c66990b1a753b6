package boltjournal

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/bulk"
)

func itemsOf(t testing.TB, source bulk.Source) (items []bulk.Item) {
	for item, err := range source.Items(t.Context(), "") {
		require.NoError(t, err)
		items = append(items, item)
	}
	return items
}

func TestARetrySendsTheFailuresAndClearsThoseThatAreDone(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	j, err := Open(path)
	require.NoError(t, err)
	recordUpTo(t, j, 100) // 700 items, 140 failures: more than a page
	require.NoError(t, j.Record(t.Context(), bulk.Progress{Results: []bulk.Result{
		{Position: "bad", Status: bulk.Failed, Err: errors.New("list:701: no URI")}, // no File: the source could not read it
	}}))

	retry := j.RetryFailed()
	source, err := retry.Fingerprint(t.Context())
	require.NoError(t, err)
	after, done, err := retry.Resume(t.Context(), "project p, dataset d, source "+source)
	require.NoError(t, err)
	require.Empty(t, after)
	require.Empty(t, done)
	seen := 0
	for item, err := range retry.Items(t.Context(), "") { // recording while the list is read, as a run does
		require.NoError(t, err)
		require.Equal(t, fileOf(seen*5), item.File)
		result := bulk.Result{File: item.File, Position: item.Position, Status: bulk.Accepted}
		if seen%4 == 0 {
			result.Status, result.Err, result.RequestID = bulk.Failed, errors.New("again"), "R2"
		}
		require.NoError(t, retry.Record(t.Context(), bulk.Progress{Results: []bulk.Result{result}, After: item.Position}))
		seen++
	}
	require.Equal(t, 140, seen)
	require.NoError(t, j.Close())

	j = open(t, path)
	var left []string
	for failure, err := range j.Failed() {
		require.NoError(t, err)
		left = append(left, fmt.Sprint(failure.Position, failure.File.URI, failure.Reason, failure.RequestID))
	}
	require.Len(t, left, 36)
	require.Equal(t, "20oss://bucket/20againR2", left[1])
	require.Equal(t, "badlist:701: no URI", left[35])
	require.Len(t, itemsOf(t, j.RetryFailed()), 35)
	after, done, err = j.Resume(t.Context(), fingerprint)
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(98*batchSize-1), after, "the list itself has not moved")
	require.Len(t, done, 2*batchSize+1)
}

func TestARetryGoesWhereItsFilesBelong(t *testing.T) {
	t.Parallel()
	j := open(t, newPath(t))
	retry := j.RetryFailed()
	_, err := retry.Fingerprint(t.Context())
	require.ErrorContains(t, err, "it was not used yet, so nothing has failed")
	_, _, err = retry.Resume(t.Context(), fingerprint)
	require.ErrorIs(t, err, ErrOtherWork)
	recordUpTo(t, j, 1)
	source, err := retry.Fingerprint(t.Context())
	require.NoError(t, err)
	for target, right := range map[string]bool{
		"project p, dataset d, source ":  true,
		"project p, dataset e, source ":  false,
		"project q, dataset d, source ":  false,
		"project p, dataset d2, source ": false,
	} {
		_, _, err := retry.Resume(t.Context(), target+source)
		if right {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrOtherWork, target)
		require.ErrorContains(t, err, target)
		require.ErrorContains(t, err, fingerprint)
	}
	_, _, err = retry.Resume(t.Context(), fingerprint)
	require.ErrorIs(t, err, ErrOtherWork)
}

func TestARetryRefusesPositionsThatAreNone(t *testing.T) {
	t.Parallel()
	j := open(t, newPath(t))
	recordUpTo(t, j, 1)
	retry := j.RetryFailed()
	for _, err := range retry.Items(t.Context(), "x") {
		require.ErrorContains(t, err, `"x" is not the number of a failed file`)
	}
	require.ErrorContains(t, retry.Record(t.Context(), bulk.Progress{Results: []bulk.Result{{Position: "x"}}}), "is not the number")
	require.Error(t, retry.Record(t.Context(), bulk.Progress{Results: []bulk.Result{{Position: "99", Status: bulk.Failed}}}))
	require.NoError(t, retry.Record(t.Context(), bulk.Progress{Results: []bulk.Result{{Position: "99", Status: bulk.Accepted}}}))
	k, err := recorded(j)
	require.NoError(t, err)
	require.Equal(t, 1, k)
	require.Len(t, itemsOf(t, retry), 2)
}
