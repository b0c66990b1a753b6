package immtest

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever the parameters, an operation answers with JSON or with a failure of the
// caller's: it neither panics nor fails itself.
func FuzzParametersDoNotBreakAnOperation(f *testing.F) {
	actions := slices.Sorted(maps.Keys(operations))
	for i, action := range actions {
		f.Add(uint8(i), "")
		f.Add(uint8(i), inDataset("URI", "oss://test-bucket/a", "File", `{"URI":"oss://test-bucket/a","Figures":[{}],"CustomLabels":{}}`).Encode())
		f.Add(uint8(i), inDataset("URI", "oss://test-bucket", "Files", `[null,{}]`, "URIs", `[""]`, "TaskId", "id", "TaskType", "t").Encode())
		if action == "ListTasks" {
			f.Add(uint8(i), inDataset("StartTimeRange", `{"Start":"0001-01-01T00:00:00Z"}`, "TagSelector", ",=,", "Sort", "EndTime").Encode())
		}
	}
	f.Add(uint8(0), inDataset("Tag", `[null]`, "DatasetMaxBindCount", "9223372036854775808", "MaxResults", "+1").Encode())
	f.Fuzz(func(t *testing.T, which uint8, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		s := newServer(t, WithDataset("test-project", "test-dataset", "Official:AllFunction"), WithBucket("test-bucket", nil), WithIndexDelay(time.Hour))
		s.PutObject("test-bucket", "a", []byte("a"))
		s.PutTask(Task{ProjectName: "test-project", TaskID: "id", TaskType: "t"})
		s.mu.Lock()
		d, _ := s.dataset("test-project", "test-dataset")
		s.mu.Unlock()
		s.index(d, &inputFile{URI: "oss://test-bucket/a"}, nil)
		action := actions[int(which)%len(actions)]
		result, failed := operations[action](s, &call{arguments: arguments{values: values}, requestID: "id", now: s.now()})
		if failed != nil {
			require.Less(t, failed.status, 500)
			return
		}
		_, err = json.Marshal(result)
		require.NoError(t, err)
	})
}
