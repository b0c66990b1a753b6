package immtest_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

// A thousand calls of one program: it binds a bucket, indexes files, fails now and
// then, and looks at what the server has, all in projects of its own.
func thousandCalls(ctx context.Context, server *immtest.Server, name string) error {
	client := server.Client()
	bucket, topic := "bucket-"+name, "topic-"+name
	server.PutObject(bucket, "a.txt", []byte("hello"))
	if _, err := client.CreateBinding(ctx, &imm.CreateBindingRequest{ProjectName: "p-" + name, DatasetName: "bound", URI: "oss://" + bucket}); err != nil {
		return err
	}
	for i := range 666 {
		var err error
		if i%2 == 0 {
			_, err = client.GetBinding(ctx, &imm.GetBindingRequest{ProjectName: "p-" + name, DatasetName: "bound", URI: "oss://" + bucket})
		} else {
			err = client.Do(ctx, "GetFileMeta", map[string]any{"ProjectName": "p-" + name, "DatasetName": "bound", "URI": "oss://" + bucket + "/a.txt"}, nil)
		}
		if err != nil {
			return fmt.Errorf("reading, call %d: %w", i, err)
		}
	}
	for i := range 333 {
		_, err := client.IndexFileMeta(ctx, &imm.IndexFileMetaRequest{
			ProjectName: "p-" + name, DatasetName: "indexed", UserData: strconv.Itoa(i),
			File:         imm.InputFile{URI: "oss://" + bucket + "/a.txt", CustomID: strconv.Itoa(i)},
			Notification: imm.Notification{MNS: imm.MNS{TopicName: topic}},
		})
		if err != nil {
			return fmt.Errorf("indexing, call %d: %w", i, err)
		}
	}
	seen := make(map[string]bool)
	for range 333 {
		data, err := server.WaitMessage(ctx, topic)
		if err != nil {
			return err
		}
		message, err := imm.ParseIndexMessage(data)
		if err != nil {
			return err
		}
		if err := message.Err(); err != nil {
			return err
		}
		seen[message.UserData] = true
	}
	if files := server.Files("p-"+name, "indexed"); len(seen) != 333 || len(files) != 1 || files[0].Size != 5 {
		return errors.New("messages or files were lost")
	}
	return nil
}

func TestEightParallelTestsWithAThousandCallsEach(t *testing.T) {
	t.Parallel()
	shared := immtest.NewServer(immtest.WithIndexDelay(0))
	t.Cleanup(shared.Close)
	var done atomic.Int64
	t.Cleanup(func() { require.Equal(t, int64(16), done.Load()) })
	for i := range 8 {
		name := strconv.Itoa(i)
		t.Run("own server "+name, func(t *testing.T) {
			t.Parallel()
			own := immtest.NewServer(immtest.WithIndexDelay(0))
			t.Cleanup(own.Close)
			require.NoError(t, thousandCalls(t.Context(), own, name))
			require.Len(t, own.Requests(), 1000)
			done.Add(1)
		})
		t.Run("shared server "+name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, thousandCalls(t.Context(), shared, name))
			done.Add(1)
		})
	}
}
