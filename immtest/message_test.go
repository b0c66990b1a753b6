package immtest

import (
	"encoding/json"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestAMessageCanBeWrappedInAnEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithMessageFormat(MessageWrapped), WithClockOffset(time.Minute))
		s.PutObject("test-bucket", "a.png", pngImage(1, 1))
		for action, params := range map[string][]string{
			"IndexFileMeta":      {"File", `{"URI":"oss://test-bucket/a.png"}`},
			"BatchIndexFileMeta": {"Files", `[{"URI":"oss://test-bucket/a.png"}]`},
		} {
			req := unsigned(action, inDataset(append(params, "Notification", toTestTopic, "UserData", `"u"`)...))
			req.Header.Set("X-Acs-Date", time.Now().Add(time.Minute).UTC().Format(dateLayout))
			answer := send(t, s, sign(req, AccessKeyID, AccessKeySecret))
			require.Equal(t, 200, answer.status, answer.text)
			data, err := s.WaitMessage(t.Context(), "test-topic")
			require.NoError(t, err)
			var event map[string]string // every value is text
			require.NoError(t, json.Unmarshal(data, &event))
			require.Len(t, event, 6)
			require.Regexp(t, `^[0-9A-F]{3}-1[0-9A-Za-z]{21}$`, event["id"])
			require.NotEqual(t, answer.body["EventId"], event["id"])
			require.Equal(t, "acs.imm", event["source"])
			require.Equal(t, map[string]string{"IndexFileMeta": "imm:FileMeta:Index", "BatchIndexFileMeta": "imm:FileMeta:BatchIndex"}[action], event["type"])
			require.Regexp(t, `^acs:imm:cn-hangzhou:\d+:test-project/`, event["subject"])
			require.Equal(t, strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10), event["time"])

			bare, err := imm.ParseIndexMessage([]byte(event["content"]))
			require.NoError(t, err)
			require.Equal(t, `"u"`, bare.UserData)
			require.Len(t, bare.Files, 1)
			require.NoError(t, bare.Err())
		}
	})
}

func TestAFormatThatIsNoneIsBare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithMessageFormat(42))
		ask(t, s, "IndexFileMeta", inDataset("Notification", toTestTopic, "File", `{"URI":"oss://b/k"}`))
		require.Contains(t, nextMessage(t, s, "test-topic"), "Files")
	})
}
