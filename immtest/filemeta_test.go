package immtest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGetFileMetaAnswersWithWhatWasFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.PutObject("test-bucket", "a/hello.txt", []byte("hello"))
		s.PutObject("test-bucket", "b.png", pngImage(3, 4))
		put := time.Now()
		at := func(d time.Duration) string { return put.Add(d).In(location).Format(time.RFC3339Nano) }
		ask(t, s, "BatchIndexFileMeta", inDataset("Files",
			`[{"URI":"oss://test-bucket/a/hello.txt","CustomId":"c","CustomLabels":{"k":"v"}},{"URI":"oss://test-bucket/b.png"}]`))
		sleep(t, time.Second)

		body := ask(t, s, "GetFileMeta", inDataset("URI", "oss://test-bucket/a/hello.txt"))
		require.NotEmpty(t, body["RequestId"])
		require.Equal(t, []any{map[string]any{
			"ProjectName": "test-project", "DatasetName": "test-dataset",
			"URI": "oss://test-bucket/a/hello.txt", "Filename": "a/hello.txt", "ObjectType": "file",
			"Size": 5.0, "ContentType": "text/plain", "MediaType": "document",
			"ETag": `"5D41402ABC4B2A76B9719D911017C592"`, "OSSCRC64": "11177612005948864433",
			"FileModifiedTime": at(0), "CustomId": "c", "CustomLabels": map[string]any{"k": "v"}, "ObjectStatus": "Indexed",
			"CreateTime": at(100 * time.Millisecond), "UpdateTime": at(100 * time.Millisecond),
		}}, body["Files"])

		body = ask(t, s, "GetFileMeta", inDataset("URI", "oss://test-bucket/missing"))
		require.Equal(t, []any{}, body["Files"])

		body = ask(t, s, "BatchGetFileMeta", inDataset("WithFields", `["ImageWidth","ImageHeight"]`,
			"URIs", `["oss://test-bucket/b.png","oss://test-bucket/missing","oss://test-bucket/a/hello.txt"]`))
		require.Equal(t, []any{
			map[string]any{"ImageWidth": 3.0, "ImageHeight": 4.0},
			map[string]any{},
		}, body["Files"])
		for _, fields := range []string{"Size", `["Nothing"]`, `["size"]`} {
			require.Equal(t, "InvalidArgument", send(t, s, signed("BatchGetFileMeta", inDataset("WithFields", fields, "URIs", `["oss://b/k"]`))).code(), fields)
		}
	})
}

func TestAContentTypeStandsForAMediaType(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]string{
		"image/webp": "image", "video/mp4": "video", "audio/mpeg": "audio", "text/html": "document",
		"application/pdf": "document", "application/zip": "archive", "application/octet-stream": "other", "": "other",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "document",
	} {
		require.Equal(t, want, mediaType(contentType), contentType)
	}
}
