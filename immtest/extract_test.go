package immtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestWhatAnExtractorFindsIsInTheFile(t *testing.T) {
	t.Parallel()
	var seen Object
	f := fileOf(t, "clips/a.jpg", []byte("content"), "2020-01-01T00:00:00Z", WithExtractor(func(_ context.Context, object Object) (imm.File, error) {
		seen = object
		content, err := io.ReadAll(object.Content)
		if err != nil {
			return imm.File{}, err
		}
		last := make([]byte, 1)
		_, err = object.Content.(io.ReaderAt).ReadAt(last, object.Size-1)
		return imm.File{
			Duration: 1.5, Title: string(content) + string(last), FormatName: "mp4", ContentType: "video/x-mine",
			Labels:      []imm.Label{{LabelName: "sea", LabelConfidence: 0.5}},
			Figures:     []imm.Figure{{FigureID: "f"}},
			ProduceTime: time.Unix(1, 0),
			// What is not for an extractor to say:
			URI: "oss://other/b", ProjectName: "other", DatasetName: "other", ObjectStatus: "Lost", Reason: "none", CustomID: "other",
			CustomLabels: map[string]string{"k": "v"}, Size: 1, ETag: "e", OSSCRC64: "1", FileModifiedTime: time.Unix(2, 0), UpdateTime: time.Unix(3, 0), OSSURI: "oss://b/c",
		}, err
	}), WithExtractor(nil), WithExtractor(func(context.Context, Object) (imm.File, error) {
		return imm.File{FormatName: "better"}, nil
	}))
	seen.Content = nil
	require.Equal(t, Object{Bucket: "test-bucket", Key: "clips/a.jpg", ContentType: "image/jpeg", Size: 7}, seen)
	require.Equal(t, []any{1.5, "contentt", "better", "video/x-mine", "sea", int64(1)}, []any{f.Duration, f.Title, f.FormatName, f.ContentType, f.Labels[0].LabelName, f.FigureCount})
	require.Equal(t, "2020-01-01T00:00:00Z", f.ProduceTime.Format(time.RFC3339), "what the caller says comes first")
	require.Equal(t, []any{"oss://test-bucket/clips/a.jpg", "", "test-project", "test-dataset", imm.ObjectIndexed, "", ""},
		[]any{f.URI, f.OSSURI, f.ProjectName, f.DatasetName, f.ObjectStatus, f.Reason, f.CustomID})
	require.Equal(t, []any{int64(7), true, false}, []any{f.Size, f.ETag != "e", f.OSSCRC64 == "1"})
	require.Empty(t, f.CustomLabels)
	require.Greater(t, f.UpdateTime.Year(), 2000)
}

func TestAnExtractorThatFailsIsTheReasonOfTheFile(t *testing.T) {
	t.Parallel()
	for want, extract := range map[string]func(context.Context, Object) (imm.File, error){
		"no model for that":          func(context.Context, Object) (imm.File, error) { return imm.File{}, errors.New("no model for that") },
		"the extractor panicked: oh": func(context.Context, Object) (imm.File, error) { panic("oh") },
		"the extractor returned what cannot be sent: json: unsupported value: NaN": func(context.Context, Object) (imm.File, error) {
			return imm.File{Duration: math.NaN()}, nil
		},
	} {
		f := fileOf(t, "a.png", pngImage(2, 3), "", WithExtractor(extract), WithExtractor(func(context.Context, Object) (imm.File, error) {
			panic("the first one failed")
		}))
		require.Equal(t, want, f.Reason)
		require.Equal(t, []int64{2, 3}, []int64{f.ImageWidth, f.ImageHeight}, "what was read stays")
		require.Zero(t, f.Duration)
	}
}

func TestAnExtractorIsNotAskedWhereNothingIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		s := newServer(t, WithDataset("p", "empty", templateEmpty), WithExtractor(func(context.Context, Object) (imm.File, error) {
			calls.Add(1)
			return imm.File{}, nil
		}))
		s.PutObject("test-bucket", "a.txt", nil)
		s.PutObject("test-bucket", "b.txt", nil)
		s.FailObject("test-bucket", "b.txt", "damaged")
		params := inDataset("Files", `[{"URI":"oss://test-bucket/a.txt"},{"URI":"oss://test-bucket/b.txt"},{"URI":"oss://test-bucket/c.txt"}]`)
		ask(t, s, "BatchIndexFileMeta", params)
		sleep(t, time.Second)
		require.Equal(t, int64(1), calls.Load())
		params.Set("ProjectName", "p")
		params.Set("DatasetName", "empty")
		ask(t, s, "BatchIndexFileMeta", params)
		sleep(t, time.Second)
		require.Equal(t, int64(1), calls.Load(), "the empty template collects nothing")
		require.Nil(t, s.projects["test-project"].datasets["test-dataset"].files["oss://test-bucket/a.txt"].more, "nothing takes no memory")
	})
}

// An extractor may ask the server, which would not answer under its own lock.
func TestExtractorsRunWithoutALockAndEndWithTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s *Server
		hanging := make(chan struct{})
		s = newServer(t, WithIndexDelay(0), WithBucket("test-bucket", fstest.MapFS{"a.txt": {Data: []byte("a")}}),
			WithExtractor(func(ctx context.Context, _ Object) (imm.File, error) {
				s.Files("test-project", "test-dataset")
				close(hanging)
				<-ctx.Done()
				return imm.File{}, ctx.Err()
			}))
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.txt"}`))
		<-hanging
		require.Equal(t, http.StatusOK, send(t, s, signed("GetFileMeta", inDataset("URI", "oss://test-bucket/a.txt"))).status)
		s.Close()
		require.Contains(t, s.Files("test-project", "test-dataset")[0].Reason, context.Canceled.Error())
	})
}

func TestAFileThatIsReturnedSharesNothing(t *testing.T) {
	t.Parallel()
	files := map[string]imm.File{"a": {
		Labels:     []imm.Label{{LabelName: "cat", Clips: []imm.Clip{{TimeRange: []int64{1, 2}}}}},
		OSSTagging: map[string]string{"k": "v"},
		Figures:    []imm.Figure{{Boundary: imm.Boundary{Polygon: []imm.Point{{X: 1}}}}},
	}}
	s := newDataset(t, files)
	f := s.Files("test-project", "test-dataset")[0]
	before := toJSON(t, f)
	f.Labels[0].Clips[0].TimeRange[0], f.OSSTagging["k"], f.Figures[0].Boundary.Polygon[0].X = 9, "changed", 9
	require.Equal(t, before, toJSON(t, s.Files("test-project", "test-dataset")[0]))
	require.False(t, bytes.Contains([]byte(before), []byte("changed")))
}
