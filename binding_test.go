package imm_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

var createBinding = &imm.CreateBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket}
var theBinding = &imm.GetBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket}

func TestABindingThatExistsIsAnErrorAtTheFirstAttempt(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
	defer server.Close()
	client := server.Client()
	_, err := client.CreateBinding(t.Context(), createBinding)
	require.NoError(t, err)
	_, err = client.CreateBinding(t.Context(), createBinding)
	require.ErrorIs(t, err, imm.ErrAlreadyExists)
	require.Len(t, server.Requests(), 2)

	// Throttling is a clear answer: nothing was made.
	server.Inject(immtest.Throttle(1, time.Millisecond))
	_, err = client.CreateBinding(t.Context(), createBinding)
	require.ErrorIs(t, err, imm.ErrAlreadyExists)
}

func TestACreateThatFindsItsOwnWorkSucceeds(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]immtest.Fault{
		"reset":                     {{Reset: true, AfterWork: true}},
		"500":                       {{Status: 500, AfterWork: true}},
		"half a body":               {{HalfBody: true}},
		"hang":                      {{Hang: true, AfterWork: true}},
		"reset, then throttled":     {{Reset: true, AfterWork: true}, immtest.Throttle(1, time.Second)},
		"two resets":                {{Reset: true, AfterWork: true}, {Reset: true}},
		"reset before, reset after": {{Reset: true}, {Reset: true, AfterWork: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
				defer server.Close()
				server.Inject(faults...)
				resp, err := server.Client().CreateBinding(t.Context(), createBinding)
				require.NoError(t, err)
				require.Equal(t, bucket, resp.Binding.URI)
				require.NotEmpty(t, resp.Binding.State)
				require.NotEmpty(t, resp.RequestID)
				sent := server.Requests()
				require.Equal(t, "GetBinding", sent[len(sent)-1].Action)
				require.Equal(t, "ResourceAlreadyExists", sent[len(sent)-2].Code)
				require.Len(t, server.Bindings(), 1)
			})
		})
	}
}

func TestACreateThatCannotReadItsOwnWorkSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
		defer server.Close()
		server.Inject(immtest.Fault{Action: "CreateBinding", Reset: true, AfterWork: true}, immtest.Fault{Action: "GetBinding", Status: 403, Code: "NoPermission"})
		_, err := server.Client().CreateBinding(t.Context(), createBinding)
		require.ErrorIs(t, err, imm.ErrPermissionDenied)
		require.ErrorContains(t, err, "imm: CreateBinding: the binding exists, but it could not be read: imm: GetBinding:")
	})
}

func TestWaitingForABindingEndsWithItsFirstScan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithBucket("test-bucket", nil), immtest.WithFullScanTime(10*time.Minute))
		defer server.Close()
		client := server.Client()
		_, err := client.CreateBinding(t.Context(), createBinding)
		require.NoError(t, err)
		start := time.Now()
		binding, err := client.WaitBinding(t.Context(), theBinding)
		require.NoError(t, err)
		require.Equal(t, imm.PhaseIncrementalScanning, binding.Phase)
		var waits []time.Duration
		polls := server.Requests()[1:]
		for i := range polls[1:] {
			waits = append(waits, polls[i+1].Time.Sub(polls[i].Time))
		}
		require.Equal(t, time.Second, waits[0])
		require.Equal(t, 1500*time.Millisecond, waits[1])
		require.Equal(t, 30*time.Second, waits[len(waits)-1])
		require.Less(t, time.Since(start), 10*time.Minute+31*time.Second)
	})
}

func TestWaitingForABindingWithAnIntervalOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
		defer server.Close()
		client := server.Client()
		_, err := client.CreateBinding(t.Context(), createBinding)
		require.NoError(t, err)
		start := time.Now()
		_, err = client.WaitBinding(t.Context(), theBinding, imm.WithPollInterval(100*time.Millisecond))
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(start), 600*time.Millisecond)
	})
}

// states answers with one state and phase after the other, and the last for good.
func states(t *testing.T, pairs ...[2]string) *imm.Client {
	next := 0
	client, _ := mocked(t, func(*http.Request) (*http.Response, error) {
		pair := pairs[min(next, len(pairs)-1)]
		next++
		return httpmock.NewJsonResponse(200, map[string]any{"RequestId": "R", "Binding": map[string]string{
			"ProjectName": project, "DatasetName": dataset, "URI": bucket, "State": pair[0], "Phase": pair[1], "Reason": "because\nof this",
		}})
	})
	return client
}

func TestABindingThatWillNotWorkEndsTheWait(t *testing.T) {
	t.Parallel()
	for _, state := range []imm.BindingState{imm.StateFailed, imm.StateStopped, imm.StateDeleted} {
		synctest.Test(t, func(t *testing.T) {
			client := states(t, [2]string{"Ready", ""}, [2]string{"Running", "FullScanning"}, [2]string{string(state), "FullScanning"})
			binding, err := client.WaitBinding(t.Context(), theBinding)
			var failed *imm.BindingError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, state, failed.Binding.State)
			require.Equal(t, *binding, failed.Binding)
			require.EqualError(t, err, "imm: the binding of oss://test-bucket to dataset test-dataset of project test-project is in state "+string(state)+": because of this")
		})
	}
	require.ErrorContains(t, &imm.BindingError{Binding: imm.Binding{State: imm.StateStopped}}, "create it again")
}

func TestAWaitGoesOnWhileTheServiceTriesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := states(t, [2]string{"Ready", "IncrementalScanning"}, [2]string{"Retrying", "FullScanning"}, [2]string{"SomethingNew", ""},
			[2]string{"Running", ""}, [2]string{"Running", "SomethingNew"}, [2]string{"Running", "IncrementalScanning"})
		start := time.Now()
		_, err := client.WaitBinding(t.Context(), theBinding, imm.WithPollInterval(time.Second))
		require.NoError(t, err)
		require.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestTheEndOfTheContextEndsAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := states(t, [2]string{"Running", "FullScanning"})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		binding, err := client.WaitBinding(ctx, theBinding, imm.WithPollInterval(2*time.Second))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, imm.ErrUnavailable)
		require.Equal(t, 4*time.Second, time.Since(start), "a wait that cannot end in time is not begun")
		require.Equal(t, imm.PhaseFullScanning, binding.Phase)
		require.ErrorContains(t, err, `last seen in state Running and phase "FullScanning"`)

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, cancel)
		start = time.Now()
		_, err = client.WaitBinding(ctx, theBinding)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, time.Second/2, time.Since(start))
	})
}

func TestAWaitThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	client := states(t, [2]string{"Running", "IncrementalScanning"})
	for name, call := range map[string]func() (*imm.Binding, error){
		"nil request": func() (*imm.Binding, error) { return client.WaitBinding(t.Context(), nil) },
		"no project": func() (*imm.Binding, error) {
			return client.WaitBinding(t.Context(), &imm.GetBindingRequest{URI: bucket})
		},
		"nil option": func() (*imm.Binding, error) { return client.WaitBinding(t.Context(), theBinding, nil) },
		"zero": func() (*imm.Binding, error) {
			return client.WaitBinding(t.Context(), theBinding, imm.WithPollInterval(0))
		},
		"below zero": func() (*imm.Binding, error) {
			return client.WaitBinding(t.Context(), theBinding, imm.WithPollInterval(-1))
		},
		"another form": func() (*imm.Binding, error) {
			return client.WaitBinding(t.Context(), &imm.GetBindingRequest{ProjectName: project, URI: photo})
		},
	} {
		_, err := call()
		var invalid *imm.ValidationError
		require.ErrorAs(t, err, &invalid, name)
		require.Equal(t, "WaitBinding", invalid.Action, name)
	}
}

func TestABindingIsReadLeniently(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"absent times":    `{"State":"Ready"}`,
		"empty times":     `{"State":"Ready","CreateTime":"","UpdateTime":""}`,
		"malformed times": `{"State":"Ready","CreateTime":"yesterday","UpdateTime":17}`,
		"unknown fields":  `{"State":"Ready","Detail":{"a":[1,2]},"Reason":null}`,
	} {
		var binding imm.Binding
		require.NoError(t, json.Unmarshal([]byte(text), &binding), name)
		require.Equal(t, imm.Binding{State: imm.StateReady}, binding, name)
		client, _ := mocked(t, httpmock.NewStringResponder(200, `{"RequestId":"R","Binding":`+text+`}`))
		require.NoError(t, getBinding(t.Context(), client), name)
		var resp imm.GetBindingResponse
		require.NoError(t, client.Do(t.Context(), "GetBinding", nil, &resp), name)
		require.Equal(t, imm.StateReady, resp.Binding.State, name)
	}
	var binding imm.Binding
	require.Error(t, json.Unmarshal([]byte(`[]`), &binding))
	require.NoError(t, json.Unmarshal([]byte(`null`), &binding))
}
