package immtest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const toTestTopic = `{"MNS":{"TopicName":"test-topic"}}`

func nextMessage(t *testing.T, s *Server, topicName string) map[string]any {
	t.Helper()
	data, err := s.WaitMessage(t.Context(), topicName)
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(data, &m))
	return m
}

func TestABatchIsIndexedAfterTheDelayAndItsMessageSaysHowEachFileEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "test-object1.jpg", jpegImage(20, 10))
		accepted := time.Now()
		answer := ask(t, s, "BatchIndexFileMeta", inDataset("Notification", toTestTopic, "UserData", "job 7", "Files", `[
			{"URI":"oss://test-bucket/test-object1.jpg","CustomId":"one","CustomLabels":{"category":"Persons"}},
			{"URI":"oss://test-bucket/test-object2.jpg","CustomLabels":{"category":"Pets"}},
			{"URI":"oss://no-bucket/a.jpg"},
			{"URI":"oss://test-bucket/../etc/passwd"}]`))
		require.Len(t, answer, 2)
		require.NotEmpty(t, answer["RequestId"])
		require.NotEmpty(t, answer["EventId"])

		sleep(t, 100*time.Millisecond-1)
		require.Empty(t, s.Messages("test-topic"))
		require.Empty(t, s.Files("test-project", "test-dataset"))
		sleep(t, 1)
		require.Len(t, s.Messages("test-topic"), 1)

		m := nextMessage(t, s, "test-topic")
		require.NotEqual(t, answer["RequestId"], m["RequestId"], "the documented ids differ, too")
		require.Regexp(t, `^[0-9A-F-]{36}$`, m["RequestId"])
		delete(m, "RequestId")
		const missing = "[InvalidArgument] File does not exist."
		require.Equal(t, map[string]any{
			"ProjectName": "test-project", "DatasetName": "test-dataset", "UserData": "job 7",
			"StartTime": accepted.In(location).Format(time.RFC3339Nano),
			"EndTime":   accepted.Add(100 * time.Millisecond).In(location).Format(time.RFC3339Nano),
			"Success":   true, "Message": "",
			"Files": []any{
				map[string]any{"URI": "oss://test-bucket/test-object1.jpg", "CustomId": "one", "CustomLabels": map[string]any{"category": "Persons"}, "Error": ""},
				map[string]any{"URI": "oss://test-bucket/test-object2.jpg", "CustomLabels": map[string]any{"category": "Pets"}, "Error": missing},
				map[string]any{"URI": "oss://no-bucket/a.jpg", "Error": missing},
				map[string]any{"URI": "oss://test-bucket/../etc/passwd", "Error": missing},
			},
		}, m)
		files := s.Files("test-project", "test-dataset")
		require.Equal(t, []string{"oss://test-bucket/test-object1.jpg"}, uris(files))
		require.Equal(t, map[string]string{"category": "Persons"}, files[0].CustomLabels)
		require.Equal(t, "one", files[0].CustomID)
		require.Equal(t, int64(20), files[0].ImageWidth)
	})
}

func TestOneFileIsIndexedLikeABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithIndexDelay(time.Hour))
		s.PutObject("test-bucket", "a.png", pngImage(1, 2))
		ask(t, s, "IndexFileMeta", inDataset("Notification", `{"RocketMQ":{"InstanceId":"i","TopicName":"queue"}}`,
			"UserData", "u", "File", `{"URI":"oss://test-bucket/a.png"}`))
		sleep(t, time.Hour-1)
		require.Empty(t, s.Messages("queue"))
		m := nextMessage(t, s, "queue")
		require.Equal(t, "u", m["UserData"])
		require.Equal(t, []any{map[string]any{"URI": "oss://test-bucket/a.png", "Error": ""}}, m["Files"])
	})
}

func TestABatchGivesUserDataBackOnlyToMNS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		files := `[{"URI":"oss://b/k"}]`
		ask(t, s, "BatchIndexFileMeta", inDataset("Files", files, "UserData", "u", "Notification", `{"RocketMQ":{"InstanceId":"i","TopicName":"queue"}}`))
		require.NotContains(t, nextMessage(t, s, "queue"), "UserData")
		ask(t, s, "BatchIndexFileMeta", inDataset("Files", files, "UserData", "u", "Notification",
			`{"MNS":{"TopicName":"test-topic"},"RocketMQ":{"InstanceId":"i","TopicName":"queue"}}`))
		require.Equal(t, "u", nextMessage(t, s, "test-topic")["UserData"])
		require.Equal(t, "u", nextMessage(t, s, "queue")["UserData"])
	})
}

func TestWithoutANotificationFilesAreIndexedAndNoMessageIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "a.png", pngImage(1, 2))
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.png"}`))
		sleep(t, time.Second)
		require.Len(t, s.Files("test-project", "test-dataset"), 1)
		require.Empty(t, s.Messages(""))
	})
}

func TestIndexingAgainUpdatesWhatIsGivenAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "a.bin", []byte("1"))
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.bin","CustomId":"c","CustomLabels":{"a":"1"},
			"MediaType":"video","ContentType":"video/x-mine","LatLong":"1,2","Title":"T","ProduceTime":"2024-01-02T03:04:05+08:00",
			"Addresses":[{"City":"Hangzhou"}],"Labels":[{"LabelName":"sky"}]}`))
		sleep(t, time.Second)
		s.PutObject("test-bucket", "a.bin", []byte("22"))
		ask(t, s, "IndexFileMeta", inDataset("File", `{"URI":"oss://test-bucket/a.bin","CustomLabels":{"b":"2"},"MediaType":"video","ContentType":"video/x-mine"}`))
		sleep(t, time.Second)
		files := s.Files("test-project", "test-dataset")
		require.Len(t, files, 1)
		f := files[0]
		require.Equal(t, int64(2), f.Size)
		require.Equal(t, "c", f.CustomID)
		require.Equal(t, map[string]string{"b": "2"}, f.CustomLabels)
		require.Equal(t, []string{"video", "video/x-mine", "1,2", "T", "2024-01-02T03:04:05+08:00"},
			[]string{string(f.MediaType), f.ContentType, f.LatLong, f.Title, f.ProduceTime.Format(time.RFC3339Nano)})
		require.Equal(t, "Hangzhou", f.Addresses[0].City)
		require.Equal(t, "sky", f.Labels[0].LabelName)
		require.Equal(t, time.Second, f.UpdateTime.Sub(f.CreateTime))

		f.CustomLabels["b"], f.Labels[0].LabelName = "changed", "changed"
		again := s.Files("test-project", "test-dataset")[0]
		require.Equal(t, "2", again.CustomLabels["b"])
		require.Equal(t, "sky", again.Labels[0].LabelName)
	})
}

func TestAPDSFileIsReadWhereItsOSSURIPoints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const uri = "pds://domains/a/drives/b/files/c/revisions/d"
		s := newServer(t)
		s.PutObject("test-bucket", "drive/a.png", pngImage(1, 2))
		ask(t, s, "BatchIndexFileMeta", inDataset("Notification", toTestTopic, "Files",
			`[{"URI":"`+uri+`","FileHash":"h","OSSURI":"oss://test-bucket/drive/a.png"},{"URI":"`+uri+`2","FileHash":"h"}]`))
		files := nextMessage(t, s, "test-topic")["Files"].([]any)
		require.Empty(t, files[0].(map[string]any)["Error"])
		require.Equal(t, "[InvalidArgument] File does not exist.", files[1].(map[string]any)["Error"])
		indexed := s.Files("test-project", "test-dataset")
		require.Len(t, indexed, 1)
		require.Equal(t, []string{uri, "oss://test-bucket/drive/a.png", "h"}, []string{indexed[0].URI, indexed[0].OSSURI, indexed[0].FileHash})
	})
}

func TestAnObjectThatCannotBeReadIsAnErrorOfThatFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithBucket("test-bucket", brokenFS{fstest.MapFS{"torn.png": {Data: []byte("x")}, "sub/a.png": {}}}))
		ask(t, s, "BatchIndexFileMeta", inDataset("Notification", toTestTopic, "Files",
			`[{"URI":"oss://test-bucket/torn.png"},{"URI":"oss://test-bucket/sub"}]`))
		files := nextMessage(t, s, "test-topic")["Files"].([]any)
		require.Equal(t, "[InternalError] The object cannot be read.", files[0].(map[string]any)["Error"])
		require.Equal(t, "[InvalidArgument] File does not exist.", files[1].(map[string]any)["Error"], "a folder is not an object")
		require.Len(t, s.Files("test-project", "test-dataset"), 1)
	})
}

func TestMessagesAreHandedOutOnceAndInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		const batches = 20
		got := make(chan string, batches)
		for range batches {
			go func() {
				m, err := s.WaitMessage(t.Context(), "test-topic")
				if err == nil {
					got <- string(m)
				}
			}()
		}
		for i := range batches {
			ask(t, s, "IndexFileMeta", inDataset("Notification", toTestTopic, "UserData", fmt.Sprint(i), "File", `{"URI":"oss://b/k"}`))
			<-time.After(time.Millisecond)
		}
		sleep(t, time.Second)
		require.Len(t, got, batches)
		different := make(map[string]bool)
		for range batches {
			different[<-got] = true
		}
		require.Len(t, different, batches)
		for i, m := range s.Messages("test-topic") {
			require.Contains(t, string(m), fmt.Sprintf(`"UserData":"%d"`, i))
		}
	})
}

func TestWaitingForAMessageEndsWithTheContextOrTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := s.WaitMessage(ctx, "test-topic")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Contains(t, err.Error(), "test-topic")
		require.Equal(t, time.Minute, time.Since(start))

		ended := make(chan error)
		go func() {
			_, err := s.WaitMessage(t.Context(), "test-topic")
			ended <- err
		}()
		synctest.Wait()
		s.Close()
		require.ErrorIs(t, <-ended, ErrServerClosed)
	})
}

func TestAMessageAbove64KBIsDiscardedByMNS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		req := unsigned("BatchIndexFileMeta", nil)
		var files []string
		for i := range 100 {
			files = append(files, fmt.Sprintf(`{"URI":"oss://b/%d-%s"}`, i, strings.Repeat("x", 700)))
		}
		setForm(req, inDataset("Files", "["+strings.Join(files, ",")+"]", "Notification",
			`{"MNS":{"TopicName":"test-topic"},"RocketMQ":{"InstanceId":"i","TopicName":"queue"}}`))
		require.Equal(t, 200, send(t, s, sign(req, AccessKeyID, AccessKeySecret)).status)
		sleep(t, time.Second)
		require.Empty(t, s.Messages("test-topic"))
		require.Greater(t, len(s.Messages("queue")[0]), 64<<10)
	})
}

func TestWorkThatIsPendingWhenTheServerClosesIsNotDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewServer()
		s.PutObject("test-bucket", "a.png", pngImage(1, 2))
		ask(t, s, "IndexFileMeta", inDataset("Notification", toTestTopic, "File", `{"URI":"oss://test-bucket/a.png"}`))
		s.Close()
		sleep(t, time.Second)
		require.Empty(t, s.Messages("test-topic"))
		require.Empty(t, s.Files("test-project", "test-dataset"))
	})
}
