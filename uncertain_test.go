package imm_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// unclear are the ends of an attempt that may have done its work.
var unclear = map[string]scripted{
	"lost":        {},
	"500":         refusalOf(500, "InternalError"),
	"unavailable": refusalOf(503, "ServiceUnavailable"),
	"a page":      {502, "<html><title>Bad Gateway</title></html>"},
	"nonce used":  refusalOf(400, "SignatureNonceUsed"),
}

// uncertainCall is a call whose repeat may find its own work.
type uncertainCall struct {
	call   func(ctx context.Context, c *imm.Client) (requestID string, err error)
	reads  string // the operation that reads what a create finds made
	answer string // of that operation
}

var creates = map[string]uncertainCall{
	"CreateProject": {func(ctx context.Context, c *imm.Client) (string, error) {
		resp, err := c.CreateProject(ctx, &imm.CreateProjectRequest{ProjectName: project})
		if err != nil {
			return "", err
		}
		return resp.RequestID, whole(nil, resp.Project.Description == "photos")
	}, "GetProject", `{"RequestId":"R","Project":` + projectJSON + `}`},
	"CreateDataset": {func(ctx context.Context, c *imm.Client) (string, error) {
		resp, err := c.CreateDataset(ctx, &imm.CreateDatasetRequest{ProjectName: project, DatasetName: dataset})
		if err != nil {
			return "", err
		}
		return resp.RequestID, whole(nil, resp.Dataset.Description == "photos")
	}, "GetDataset", `{"RequestId":"R","Dataset":` + datasetJSON + `}`},
	"CreateBinding": {func(ctx context.Context, c *imm.Client) (string, error) {
		resp, err := c.CreateBinding(ctx, createBinding)
		if err != nil {
			return "", err
		}
		return resp.RequestID, whole(nil, resp.Binding.State == imm.StateRunning)
	}, "GetBinding", `{"RequestId":"R","Binding":{"State":"Running"}}`},
	"AttachOSSBucket": {func(ctx context.Context, c *imm.Client) (string, error) {
		resp, err := c.AttachOSSBucket(ctx, &imm.AttachOSSBucketRequest{ProjectName: project, OSSBucket: "test-bucket"})
		if err != nil {
			return "", err
		}
		return resp.RequestID, nil
	}, "GetOSSBucketAttachment", `{"RequestId":"R","ProjectName":"test-project"}`},
}

var deletes = map[string]uncertainCall{
	"DeleteProject": {call: func(ctx context.Context, c *imm.Client) (string, error) {
		resp, err := c.DeleteProject(ctx, &imm.DeleteProjectRequest{ProjectName: project})
		if err != nil {
			return "", err
		}
		return resp.RequestID, nil
	}},
	"DeleteDataset": {call: func(ctx context.Context, c *imm.Client) (string, error) {
		resp, err := c.DeleteDataset(ctx, &imm.DeleteDatasetRequest{ProjectName: project, DatasetName: dataset})
		if err != nil {
			return "", err
		}
		return resp.RequestID, nil
	}},
	"DeleteBinding": {call: func(ctx context.Context, c *imm.Client) (string, error) {
		resp, err := c.DeleteBinding(ctx, &imm.DeleteBindingRequest{ProjectName: project, DatasetName: dataset, URI: bucket})
		if err != nil {
			return "", err
		}
		return resp.RequestID, nil
	}},
	"DetachOSSBucket": {call: func(ctx context.Context, c *imm.Client) (string, error) {
		resp, err := c.DetachOSSBucket(ctx, &imm.DetachOSSBucketRequest{OSSBucket: "test-bucket"})
		if err != nil {
			return "", err
		}
		return resp.RequestID, nil
	}},
}

// play makes a call against a script, which must be used up.
func play(t *testing.T, call uncertainCall, answers ...scripted) (requestID string, actions []string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: answers}
		requestID, err = call.call(t.Context(), s.client(t))
		actions = s.actions
		require.Len(t, actions, len(answers), "%v", err)
	})
	return requestID, actions, err
}

var (
	exists   = refusalOf(400, "ResourceAlreadyExists")
	notThere = refusalOf(400, "ResourceNotFound")
	throttle = refusalOf(429, "Throttling.User")
	refused  = refusalOf(403, "NoPermission")
)

func TestACreateThatMayHaveDoneItsWorkIsAnsweredWithWhatItFinds(t *testing.T) {
	t.Parallel()
	for action, create := range creates {
		for end, first := range unclear {
			t.Run(action+", "+end, func(t *testing.T) {
				t.Parallel()
				read := scripted{200, create.answer}
				requestID, actions, err := play(t, create, first, exists, read)
				require.NoError(t, err)
				require.Equal(t, "R", requestID)
				require.Equal(t, []string{action, action, create.reads}, actions)

				_, _, err = play(t, create, first, throttle, exists, read)
				require.NoError(t, err, "throttling in between takes nothing away")
				_, _, err = play(t, create, first, exists, scripted{}, read)
				require.NoError(t, err, "reading is repeated as ever")
			})
		}
	}
}

func TestACreateThatFindsAnothersWorkIsAnError(t *testing.T) {
	t.Parallel()
	for action, create := range creates {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			for _, answers := range [][]scripted{{exists}, {throttle, exists}, {throttle, throttle, exists}} {
				_, actions, err := play(t, create, answers...)
				require.ErrorIs(t, err, imm.ErrAlreadyExists)
				require.NotContains(t, actions, create.reads)
			}
			_, _, err := play(t, create, scripted{}, exists, refused)
			require.ErrorIs(t, err, imm.ErrPermissionDenied)
			require.ErrorContains(t, err, "imm: "+action+": the ")
			require.ErrorContains(t, err, " exists, but it could not be read: imm: "+create.reads+": ")
			_, _, err = play(t, create, scripted{}, refused)
			require.ErrorIs(t, err, imm.ErrPermissionDenied)
		})
	}
}

func TestABucketThatAnotherProjectHasIsNotOurs(t *testing.T) {
	t.Parallel()
	_, _, err := play(t, creates["AttachOSSBucket"], scripted{}, exists, scripted{200, `{"RequestId":"R","ProjectName":"another"}`})
	require.ErrorIs(t, err, imm.ErrAlreadyExists)
	var answer *imm.APIError
	require.ErrorAs(t, err, &answer)
	require.Equal(t, "AttachOSSBucket", answer.Action)
}

func TestADeleteThatMayHaveDoneItsWorkSucceedsWhenNothingIsLeft(t *testing.T) {
	t.Parallel()
	for action, remove := range deletes {
		for end, first := range unclear {
			t.Run(action+", "+end, func(t *testing.T) {
				t.Parallel()
				for _, answers := range [][]scripted{{first, notThere}, {first, throttle, notThere}, {throttle, first, first, notThere}} {
					requestID, _, err := play(t, remove, answers...)
					require.NoError(t, err)
					require.Equal(t, "of ResourceNotFound", requestID, "the last answer's")
				}
				requestID, _, err := play(t, remove, first, scripted{200, `{"RequestId":"R"}`})
				require.NoError(t, err)
				require.Equal(t, "R", requestID)
			})
		}
	}
}

func TestADeleteOfNothingIsAnError(t *testing.T) {
	t.Parallel()
	for action, remove := range deletes {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			for _, answers := range [][]scripted{{notThere}, {throttle, notThere}, {refusalOf(400, "InvalidTimeStamp.Expired")}} {
				_, _, err := play(t, remove, answers...)
				require.Error(t, err)
				require.Equal(t, !errors.Is(err, imm.ErrUnauthenticated), errors.Is(err, imm.ErrNotFound))
			}
			_, _, err := play(t, remove, scripted{}, refused)
			require.ErrorIs(t, err, imm.ErrPermissionDenied, "another error stays one")
			_, _, err = play(t, remove, scripted{}, scripted{}, scripted{}, scripted{})
			require.ErrorIs(t, err, imm.ErrUnavailable, "what is not known is not claimed")
			_, _, err = play(t, remove, scripted{}, refusalOf(404, "InvalidApi.NotFound"))
			require.Error(t, err, "that there is no such operation deletes nothing")
			_, _, err = play(t, remove, scripted{}, scripted{404, "<html><title>404</title></html>"})
			require.Error(t, err, "a page of some proxy deletes nothing")
		})
	}
}
