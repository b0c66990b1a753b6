package immtest

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// fill sends messages of a mebibyte, numbered from first on.
func fill(s *Server, first, count int) {
	for i := range count {
		message := make([]byte, 1<<20-messageOverhead)
		copy(message, strconv.Itoa(first+i)+" ")
		put(s, "queue", message)
	}
}

// put adds a message to a topic as one of RocketMQ, which has no limit of 64 KB.
func put(s *Server, topicName string, message []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topic(topicName).add(message)
}

func number(t *testing.T, message []byte) int {
	t.Helper()
	n, err := strconv.Atoi(string(message[:4-1]))
	require.NoError(t, err)
	return n
}

func TestATopicKeepsTheLastMessages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const kept = maxTopicBytes >> 20
	fill(s, 100, kept)
	require.Len(t, s.topics["queue"].messages, kept)
	first, err := s.WaitMessage(t.Context(), "queue")
	require.NoError(t, err)
	require.Equal(t, 100, number(t, first))

	early := s.topics["queue"].after(0)
	fill(s, 100+kept, 10)
	topic := s.topics["queue"]
	require.Len(t, topic.messages, kept)
	require.LessOrEqual(t, topic.bytes, maxTopicBytes)
	require.Equal(t, 110, number(t, topic.messages[0]))
	require.Equal(t, 100, number(t, early[0]), "who reads while messages come keeps what it got")
	require.Equal(t, 10, topic.dropped)
	require.Equal(t, 112, number(t, topic.after(12)[0]), "counted from the first that ever came")
	require.Len(t, topic.after(3), kept)
	require.Empty(t, topic.after(kept+11))

	next, err := s.WaitMessage(t.Context(), "queue")
	require.NoError(t, err)
	require.Equal(t, 110, number(t, next), "a reader that came too late goes on with the oldest there is")
	next, err = s.WaitMessage(t.Context(), "queue")
	require.NoError(t, err)
	require.Equal(t, 111, number(t, next))
}

func TestAMessageAboveTheLimitIsKeptUntilTheNext(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	put(s, "queue", make([]byte, maxTopicBytes+1))
	require.Len(t, s.Messages("queue"), 1)
	put(s, "queue", []byte("next"))
	require.Equal(t, [][]byte{[]byte("next")}, s.Messages("queue"))
}

func TestLookingForMessagesMakesNoTopic(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	require.Empty(t, s.Messages("queue"))
	require.Empty(t, s.topics)
}
