package imm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

func TestTheWrappedMessagesOfTheEmulatorAreRead(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer(immtest.WithMessageFormat(immtest.MessageWrapped), immtest.WithIndexDelay(0))
	defer server.Close()
	_, err := server.Client().BatchIndexFileMeta(t.Context(), &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", UserData: "mine",
		Files:        []imm.InputFile{{URI: "oss://test-bucket/absent.png"}},
		Notification: imm.Notification{MNS: imm.MNS{TopicName: "test-topic"}},
	})
	require.NoError(t, err)
	data, err := server.WaitMessage(t.Context(), "test-topic")
	require.NoError(t, err)
	messages, err := imm.ParseIndexMessages(nil, data)
	require.NoError(t, err)
	require.Len(t, messages, 1)
	require.Equal(t, []imm.Envelope{imm.EnvelopeIMM}, messages[0].Envelopes)
	require.NotEmpty(t, messages[0].MessageID)
	require.Equal(t, messages[0].EndTime.UnixMilli(), messages[0].PublishTime.UnixMilli())
	require.Equal(t, "mine", messages[0].UserData)
	require.Len(t, messages[0].Failed(), 1)
}
