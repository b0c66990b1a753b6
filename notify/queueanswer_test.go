package notify

import (
	"bytes"
	"crypto/md5"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestAnAnswerWithMessagesIsReadLeniently(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		xml  string
		want queueMessage
	}{
		"only a handle":        {`<ReceiptHandle>H</ReceiptHandle>`, queueMessage{handle: "H", body: []byte{}}},
		"in another order":     {`<MessageBody>b</MessageBody><ReceiptHandle>H</ReceiptHandle><MessageId>M</MessageId>`, queueMessage{id: "M", handle: "H", body: []byte("b")}},
		"unknown elements":     {`<New><ReceiptHandle>x</ReceiptHandle></New><ReceiptHandle>H</ReceiptHandle>`, queueMessage{handle: "H", body: []byte{}}},
		"space around":         {"<ReceiptHandle>\n H </ReceiptHandle><MessageBody> b </MessageBody><DequeueCount> 3 </DequeueCount>", queueMessage{handle: "H", body: []byte(" b "), attempts: 3}},
		"numbers that are not": {`<ReceiptHandle>H</ReceiptHandle><DequeueCount>many</DequeueCount><NextVisibleTime>soon</NextVisibleTime>`, queueMessage{handle: "H", body: []byte{}}},
		"times":                {`<ReceiptHandle>H</ReceiptHandle><NextVisibleTime>1250700979298</NextVisibleTime>`, queueMessage{handle: "H", body: []byte{}, visible: time.UnixMilli(1250700979298).UTC()}},
		"a negative time":      {`<ReceiptHandle>H</ReceiptHandle><NextVisibleTime>-1</NextVisibleTime>`, queueMessage{handle: "H", body: []byte{}}},
		"a time beyond all":    {`<ReceiptHandle>H</ReceiptHandle><NextVisibleTime>99999999999999999999</NextVisibleTime>`, queueMessage{handle: "H", body: []byte{}}},
		"CDATA":                {`<ReceiptHandle>H</ReceiptHandle><MessageBody><![CDATA[{"a":"<b>"}]]></MessageBody>`, queueMessage{handle: "H", body: []byte(`{"a":"<b>"}`)}},
		"a right MD5":          {`<ReceiptHandle>H</ReceiptHandle><MessageBody>hello</MessageBody><MessageBodyMD5>5D41402ABC4B2A76B9719D911017C592</MessageBodyMD5>`, queueMessage{handle: "H", body: []byte("hello")}},
		"in lower case":        {`<ReceiptHandle>H</ReceiptHandle><MessageBody>hello</MessageBody><MessageBodyMD5>5d41402abc4b2a76b9719d911017c592</MessageBodyMD5>`, queueMessage{handle: "H", body: []byte("hello")}},
		"a wrong MD5":          {`<ReceiptHandle>H</ReceiptHandle><MessageBody>hello!</MessageBody><MessageBodyMD5>5D41402ABC4B2A76B9719D911017C592</MessageBodyMD5>`, queueMessage{handle: "H", body: []byte("hello!"), damaged: true}},
		"the MD5 as base64":    {`<ReceiptHandle>H</ReceiptHandle><MessageBody>hello</MessageBody><MessageBodyMD5>XUFAKrxLKna5cZ2REBfFkg==</MessageBodyMD5>`, queueMessage{handle: "H", body: []byte("hello"), damaged: true}},
		"other line ends":      {"<ReceiptHandle>H</ReceiptHandle><MessageBody>a\r\nb</MessageBody><MessageBodyMD5>" + fmt.Sprintf("%X", md5.Sum([]byte("a\r\nb"))) + "</MessageBodyMD5>", queueMessage{handle: "H", body: []byte("a\nb")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, root := range []string{"<Messages>", `<Messages xmlns="http://mns.aliyuncs.com/doc/v1/">`, `<?xml version="1.0" encoding="UTF-8" ?>` + "\n<Messages>"} {
				got, err := parseQueueMessages([]byte(root+"<Message>"+tt.xml+"</Message></Messages>"), 1)
				require.NoError(t, err)
				require.Equal(t, []queueMessage{tt.want}, got)
			}
		})
	}
}

func TestAnAnswerWithoutMessagesIsNone(t *testing.T) {
	t.Parallel()
	const message = "<Message><ReceiptHandle>H</ReceiptHandle></Message>"
	for text, want := range map[string]string{
		"":                                  "EOF",
		"{}":                                "EOF",
		"<html><body></body></html>":        "expected element type <Messages>",
		message:                             "expected element type <Messages>",
		"<Messages></Messages>":             "it has no message",
		"<Messages><Other/></Messages>":     "it has no message",
		"<Messages>" + message:              "unexpected EOF",
		"<Messages>" + message + "</Other>": "closed by",
		"<Messages><Message><MessageId>M</MessageId></Message></Messages>": "no ReceiptHandle",
		"<Messages>" + message + message + message + "</Messages>":         "it has 3 messages, and 2 were asked for",
		"<Messages>&unknown;</Messages>":                                   "invalid character entity",
		`<!DOCTYPE a [<!ENTITY x "y">]><Messages>&x;</Messages>`:           "invalid character entity",
		"<?xml version=\"1.0\" encoding=\"gbk\"?><Messages/>":              "encoding",
		"<Messages>\xff</Messages>":                                        "invalid UTF-8",
		strings.Repeat("<a>", 100_000):                                     "expected element type",
		"<Messages>" + strings.Repeat("<a>", 100_000):                      "",
	} {
		got, err := parseQueueMessages([]byte(text), 2)
		require.Error(t, err, "%.80s", text)
		require.ErrorContains(t, err, want, "%.80s", text)
		require.Empty(t, got)
	}
}

func TestAChangeOfVisibilityNeedsItsHandle(t *testing.T) {
	t.Parallel()
	handle, err := parseQueueVisibility([]byte("<ChangeVisibility><NextVisibleTime>1</NextVisibleTime><ReceiptHandle> H\n</ReceiptHandle></ChangeVisibility>"))
	require.NoError(t, err)
	require.Equal(t, "H", handle)
	for _, text := range []string{"", "<html/>", "<ChangeVisibility/>", "<ChangeVisibility><ReceiptHandle> </ReceiptHandle></ChangeVisibility>", "<Messages><ReceiptHandle>H</ReceiptHandle></Messages>"} {
		_, err := parseQueueVisibility([]byte(text))
		require.Error(t, err, text)
	}
}

func TestHandlesOfADeletionAreEscaped(t *testing.T) {
	t.Parallel()
	handles := []string{"1-a+b/=", "<&>\"'", "]]>", "日"}
	var in struct {
		XMLName xml.Name `xml:"http://mns.aliyuncs.com/doc/v1/ ReceiptHandles"`
		Handles []string `xml:"ReceiptHandle"`
	}
	require.NoError(t, xml.Unmarshal(queueHandlesXML(handles), &in))
	require.Equal(t, handles, in.Handles)
}

// plainQueueMessage reads one message as a person would: it looks for the tags.
func plainQueueMessage(text string) (handle, body string) {
	between := func(name string) string {
		_, rest, _ := strings.Cut(text, "<"+name+">")
		inner, _, _ := strings.Cut(rest, "</"+name+">")
		return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&#x9;", "\t", "&#xA;", "\n", "&#xD;", "\r", "&amp;", "&").Replace(inner)
	}
	return strings.TrimSpace(between("ReceiptHandle")), between("MessageBody")
}

// FuzzQueueMessages compares what is read of an answer that was written as MNS does
// with a plain reading, and feeds the reader whatever else a gateway could answer.
func FuzzQueueMessages(f *testing.F) {
	f.Add("1-a+b/=", `{"Success":true}`, 1, []byte("<Messages><Message><ReceiptHandle>H</ReceiptHandle></Message></Messages>"))
	f.Add(" h ", "<&>\"'\r\n\t]]>", 16, []byte("<Messages xmlns='a'><![CDATA[<Message>]]>"))
	f.Add("", "", 0, []byte("<Errors><Error><ErrorCode>x</ErrorCode></Error></Errors>"))
	f.Add("日", "\x00\xff\ufffd", 3, []byte("<ChangeVisibility><ReceiptHandle>H"))
	f.Fuzz(func(t *testing.T, handle, body string, n int, data []byte) {
		n = 1 + int(uint(n)%queueBatch)
		var text bytes.Buffer
		text.WriteString("<Message><ReceiptHandle>")
		_ = xml.EscapeText(&text, []byte(handle))
		text.WriteString("</ReceiptHandle><MessageBody>")
		_ = xml.EscapeText(&text, []byte(body))
		text.WriteString("</MessageBody><DequeueCount>" + strconv.Itoa(n) + "</DequeueCount></Message>")
		answer := []byte("<Messages>" + strings.Repeat(text.String(), n) + "</Messages>")
		got, err := parseQueueMessages(answer, n)
		wantHandle, wantBody := plainQueueMessage(text.String())
		if wantHandle == "" {
			require.Error(t, err)
		} else {
			require.NoError(t, err)
			require.Len(t, got, n)
			for _, m := range got {
				require.Equal(t, wantHandle, m.handle)
				require.Equal(t, wantBody, string(m.body))
				require.Equal(t, n, m.attempts)
				require.False(t, m.damaged)
			}
			_, err = parseQueueMessages(answer, n-1)
			require.Error(t, err, "more than were asked for")
		}

		got, err = parseQueueMessages(data, queueBatch)
		require.Equal(t, err != nil, len(got) == 0)
		require.LessOrEqual(t, len(got), queueBatch)
		for _, m := range got {
			require.NotEmpty(t, m.handle)
			require.True(t, utf8.ValidString(m.handle))
			require.GreaterOrEqual(t, len(data), len(m.body))
		}
		handle, err = parseQueueVisibility(data)
		require.Equal(t, err != nil, handle == "")
		_, _ = parseQueueFailures(data)
	})
}
