package imm

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	mnsID   = "6CC4D900CA59A2CD-1-15180534A8F-20000000D"
	immID   = "25E-1OTWqKPnsgzaVRGNEHo3xxxxxx"
	eventID = "8bcf7d56-0001"
)

// golden reads a file of testdata/messages. The lines of a .http file before the
// first empty one are header fields, with names as a proxy may write them.
func golden(t testing.TB, name string) (http.Header, []byte) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "messages", name))
	require.NoError(t, err)
	if !strings.HasSuffix(name, ".http") {
		return nil, data
	}
	head, body, found := bytes.Cut(data, []byte("\n\n"))
	require.True(t, found)
	return headerOf(string(head)), body
}

func headerOf(text string) http.Header {
	header := make(http.Header)
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, found := strings.Cut(line, ": "); found {
			header[name] = append(header[name], value)
		}
	}
	return header
}

type opened struct {
	envelopes []Envelope
	id, tag   string
	published time.Time
}

func TestEveryDocumentedEnvelopeIsOpened(t *testing.T) {
	t.Parallel()
	mnsTime, immTime := time.UnixMilli(1449556920975).UTC(), time.UnixMilli(1724133063161).UTC()
	eventTime := time.Date(2022, 7, 6, 7, 18, 20, 0, time.UTC)
	tests := map[string]opened{
		"bare.json":                 {},
		"base64.txt":                {envelopes: []Envelope{EnvelopeBase64}},
		"imm.json":                  {[]Envelope{EnvelopeIMM}, immID, "", immTime},
		"mns-json.json":             {[]Envelope{EnvelopeMNSJSON}, mnsID, "important", mnsTime},
		"base64-mns-json.txt":       {[]Envelope{EnvelopeBase64, EnvelopeMNSJSON}, mnsID, "important", mnsTime},
		"mns-json-base64-imm.json":  {[]Envelope{EnvelopeMNSJSON, EnvelopeBase64, EnvelopeIMM}, mnsID, "important", mnsTime},
		"mns-json-cloudevent.json":  {[]Envelope{EnvelopeMNSJSON, EnvelopeCloudEvent}, mnsID, "important", mnsTime},
		"mns-xml.xml":               {[]Envelope{EnvelopeMNSXML}, mnsID, "important", mnsTime},
		"mns-xml-cdata.xml":         {[]Envelope{EnvelopeMNSXML}, mnsID, "important", mnsTime},
		"mns-xml-base64.xml":        {[]Envelope{EnvelopeMNSXML, EnvelopeBase64}, mnsID, "important", mnsTime},
		"mns-xml-imm.xml":           {[]Envelope{EnvelopeMNSXML, EnvelopeIMM}, mnsID, "important", mnsTime},
		"mns-simplified.http":       {[]Envelope{EnvelopeMNSSimplified}, mnsID, "important", mnsTime},
		"mns-simplified-imm.http":   {[]Envelope{EnvelopeMNSSimplified, EnvelopeIMM}, mnsID, "", mnsTime},
		"cloudevent-no-header.json": {[]Envelope{EnvelopeCloudEvent}, eventID, "", eventTime},
		"cloudevent.http":           {[]Envelope{EnvelopeCloudEvent}, eventID, "", eventTime},
		"cloudevent-batch.http":     {[]Envelope{EnvelopeCloudEventBatch, EnvelopeCloudEvent}, eventID, "", eventTime},
		"cloudevent-binary.http":    {[]Envelope{EnvelopeCloudEventBinary}, eventID, "", eventTime},
	}
	files, err := os.ReadDir(filepath.Join("testdata", "messages"))
	require.NoError(t, err)
	require.Len(t, files, len(tests), "every golden file has a row")
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, body := golden(t, name)
			messages, err := ParseIndexMessages(header, body)
			require.NoError(t, err)
			require.NotEmpty(t, messages)
			m := messages[0]
			require.Equal(t, want, opened{m.Envelopes, m.MessageID, m.MessageTag, m.PublishTime})
			for _, m := range messages {
				require.Equal(t, documented().Files, m.Files)
				require.True(t, documented().StartTime.Equal(m.StartTime))
				require.NoError(t, m.Err())
			}
			if name == "cloudevent-batch.http" {
				require.Len(t, messages, 2)
				require.Equal(t, "8bcf7d56-0002", messages[1].MessageID)
				_, err := ParseIndexMessage(body)
				require.EqualError(t, err, "imm: a batch of 2 messages, where one was expected: call ParseIndexMessages")
				return
			}
			require.Len(t, messages, 1)
			if header == nil && !strings.HasSuffix(name, ".xml") {
				alone, err := ParseIndexMessage(body)
				require.NoError(t, err)
				require.Equal(t, m, alone)
			}
		})
	}
}

const tinyMessage = `{"Success":true,"Files":[{"URI":"oss://b/k"}]}`

func event(kind, data string) string {
	return `{"specversion":"1.0","id":"i","source":"acs.imm","type":"` + kind + `","data":` + data + `}`
}

func TestAnEnvelopeThatIsAlmostRightIsAnErrorThatSaysWhatWasFound(t *testing.T) {
	t.Parallel()
	good := event(indexType, tinyMessage)
	quoted := `"{\"Success\":true}"`
	deep := tinyMessage
	for range 6 {
		deep = `{"specversion":"1.0","id":"i","source":"acs.imm","type":"` + indexType + `","data":` + deep + `}`
	}
	tests := map[string]struct{ header, body, want string }{
		"nothing":                    {"", "", "nothing"},
		"an empty Message":           {"", `{"MessageId":"1","Message":""}`, "the envelope is empty (found in: MNS JSON)"},
		"a Message that is not text": {"", `{"MessageId":"1","Message":{"Success":true}}`, "Message of the MNS envelope is not text"},
		"MNS with a name twice":      {"", `{"MessageId":"1","MessageId":"2","Message":` + quoted + `}`, `has "MessageId" twice`},
		"content is not text":        {"", `{"type":"imm:FileMeta:Index","content":{"Success":true}}`, "content of the event is not text"},
		"content twice":              {"", `{"type":"imm:FileMeta:Index","content":` + quoted + `,"content":` + quoted + `}`, `has "content" twice`},
		"a wrapper of a task":        {"", `{"source":"acs.imm","type":"imm:Task","content":"{}"}`, `event of type "imm:Task" from "acs.imm"`},
		"two envelopes at once":      {"", `{"specversion":"1.0","MessageId":"1","Message":"{}"}`, "an envelope of MNS and an event at once"},
		"too deep":                   {"", deep, "more than 5 envelopes in one another"},
		"another specversion":        {"", strings.Replace(good, `"1.0"`, `"0.3"`, 1), `of CloudEvents "0.3"; 1.0 is read`},
		"specversion is a number":    {"", strings.Replace(good, `"1.0"`, `1.0`, 1), "no specversion"},
		"no specversion":             {"", strings.Replace(good, `"specversion"`, `"version"`, 1), "without specversion"},
		"no id":                      {"", strings.Replace(good, `"id"`, `"ID"`, 1), "has no id"},
		"a binding's task":           {"", event("imm:Binding:Task", "{}"), `event of type "imm:Binding:Task" from "acs.imm"`},
		"an object of OSS":           {"", strings.Replace(event("oss:ObjectCreated:PutObject", "{}"), "acs.imm", "acs.oss", 1), `event of type "oss:ObjectCreated:PutObject" from "acs.oss"`},
		"a deleted file":             {"", event("imm:FileMeta:Delete", "{}"), `"imm:FileMeta:Delete"`},
		"no data":                    {"", strings.Replace(good, `"data"`, `"Data"`, 1), "has no data"},
		"data is a list":             {"", event(indexType, "[1]"), "data of the event is not an index message"},
		"two kinds of data":          {"", strings.Replace(good, `"data"`, `"data_base64":"","data"`, 1), "data and data_base64"},
		"data_base64 is none":        {"", strings.Replace(event(indexType, `"*"`), `"data"`, `"data_base64"`, 1), "data_base64 of the event is not base64"},
		"an empty batch":             {"", "[]", "batch of CloudEvents is empty"},
		"a batch of messages":        {"", "[" + tinyMessage + "]", "event 0: not an index message: it has no specversion"},
		"a batch cut off":            {"", "[" + good, "nor a batch of CloudEvents"},
		"a batch and more":           {"", "[" + good + "]x", "nor a batch of CloudEvents"},
		"a batch of texts":           {"", `["x"]`, "not a JSON object"},
		"one as a batch":             {"Content-Type: application/cloudevents-batch+json", good, "nor a batch of CloudEvents"},
		"a batch as one":             {"Content-Type: application/cloudevents+json", "[" + good + "]", "says one event of CloudEvents"},
		"a bare message as event":    {"Content-Type: application/CloudEvents+JSON;charset=utf-8", tinyMessage, "has no specversion"},
		"CloudEvents in Avro":        {"Content-Type: application/cloudevents+avro", good, `"application/cloudevents+avro"; have them sent as JSON`},
		"binary without a type":      {"Ce-Specversion: 1.0\nCe-Id: 1\nCe-Source: acs.imm", tinyMessage, "has no type"},
		"binary of another type":     {"Ce-Specversion: 1.0\nCe-Id: 1\nCe-Source: acs.imm\nCe-Type: imm%3ABinding%3ATask", tinyMessage, `"imm:Binding:Task"`},
		"binary without version":     {"Ce-Id: 1\nCe-Source: acs.imm\nCe-Type: imm:FileMeta:Index", tinyMessage, "has no specversion"},
		"binary of nothing":          {"Ce-Specversion: 1.0\nCe-Id: 1\nCe-Source: acs.imm\nCe-Type: imm:FileMeta:Index", " ", "the envelope is empty"},
		"a packed body":              {"Content-Encoding: gzip", tinyMessage, `"gzip"; unpack it first`},
		"gzip":                       {"", "\x1f\x8b\x08\x00", "gzip; unpack it first"},
		"an event of OSS":            {"", `{"events":[{"eventName":"ObjectCreated"}]}`, "notification of OSS"},
		"too many files":             {"", `{"Success":true,"Files":[` + strings.Repeat("{},", 1000) + `{}]}`, "more than 1000 files"},
		"huge":                       {"", strings.Repeat(" ", 1<<20+1), "1048577 bytes"},
		"data behind, inside":        {"", `{"MessageId":"1","Message":"{\"Success\":true} x"}`, "data behind it"},
		"plain text":                 {"", "hello, world", "neither a JSON object"},
		"HTML":                       {"", "<!DOCTYPE html><html></html>", "nor the XML envelope"},
		"the page of a proxy":        {"", "<html><title>Bad Gateway</title></html>", `"<html>"`},
		"the answer of a queue":      {"", "<Message><MessageBody>x</MessageBody></Message>", "take the MessageBody out of it"},
		"a refusal of MNS":           {"", "<Error><Code>AccessDenied</Code></Error>", "a refusal of MNS"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			messages, err := ParseIndexMessages(headerOf(tt.header), []byte(tt.body))
			require.ErrorContains(t, err, tt.want)
			require.Empty(t, messages)
			require.True(t, strings.HasPrefix(err.Error(), "imm: "))
			requireOneLine(t, err.Error())
			require.Less(t, len(err.Error()), 700)
		})
	}
	_, err := ParseIndexMessage([]byte("<Notification/>"))
	require.ErrorContains(t, err, "ParseIndexMessages reads it")
}

func TestXMLIsReadStrictly(t *testing.T) {
	t.Parallel()
	const message = "<Message>" + tinyMessage + "</Message>"
	tests := map[string]struct{ xml, want string }{
		"as simple as can be":   {"<Notification>" + message + "</Notification>", ""},
		"with a prefix":         {`<m:Notification xmlns:m='x' a = "b>" ><m:Message  >` + tinyMessage + "</m:Message ></m:Notification>", ""},
		"comments everywhere":   {"<!-- a --><?x?><Notification><!-- <Message> -->" + strings.Replace(message, ">{", "><!-- b -->{", 1) + "</Notification><!-- c -->\n", ""},
		"more elements":         {"<Notification><New><A>1</A><B/></New>" + message + "</Notification>", ""},
		"CDATA in parts":        {"<Notification><Message>{<![CDATA[\"Success\":true]]>,&#x22;Files&#34;:null}</Message></Notification>", ""},
		"no Message":            {"<Notification><MessageId>1</MessageId></Notification>", "has no Message"},
		"an empty element":      {"<Notification><Message/></Notification>", "the envelope is empty"},
		"Message twice":         {"<Notification>" + message + message + "</Notification>", `has "Message" twice`},
		"elements in Message":   {"<Notification><Message><a/></Message></Notification>", "holds another"},
		"data behind":           {"<Notification>" + message + "</Notification>x", "data behind the root"},
		"a second root":         {"<Notification>" + message + "</Notification><a/>", "data behind the root"},
		"text between":          {"<Notification>x" + message + "</Notification>", "text where an element"},
		"a document type":       {`<!DOCTYPE a [<!ENTITY b "c">]><Notification>` + message + "</Notification>", "nor the XML envelope"},
		"an unknown entity":     {"<Notification><Message>&b;</Message></Notification>", `"&b;"`},
		"a lone ampersand":      {"<Notification><Message>a & b</Message></Notification>", "begins no entity"},
		"character 0":           {"<Notification><Message>&#0;</Message></Notification>", "not known"},
		"half of a pair":        {"<Notification><Message>&#xD800;</Message></Notification>", "not known"},
		"cut off in text":       {"<Notification><Message>{", "ends within"},
		"cut off in CDATA":      {"<Notification><Message><![CDATA[{", "ends within"},
		"another end":           {"<Notification><Message>{}</MessageId></Notification>", `ends as "MessageId"`},
		"an attribute unquoted": {"<Notification a=b>" + message + "</Notification>", "neither JSON"},
		"deep":                  {"<Notification>" + strings.Repeat("<a>", 1000), "more than 16 elements"},
		"another encoding":      {`<?xml version="1.0" encoding="GBK"?><Notification>` + message + "</Notification>", "neither JSON"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			messages, err := ParseIndexMessages(nil, []byte(tt.xml))
			if tt.want == "" {
				require.NoError(t, err)
				require.Len(t, messages, 1)
				require.True(t, messages[0].Success)
				return
			}
			require.ErrorContains(t, err, tt.want)
			require.Nil(t, messages)
			requireOneLine(t, err.Error())
		})
	}
}

func TestABrokenEventOfABatchDoesNotTakeTheOthersWithIt(t *testing.T) {
	t.Parallel()
	good, other := event(indexType, tinyMessage), event("imm:Binding:Task", "{}")
	messages, err := ParseIndexMessages(nil, []byte("["+good+","+other+","+good+"]"))
	require.Len(t, messages, 2)
	require.ErrorContains(t, err, "imm: 1 of 3 events of the batch cannot be read: event 1: ")
	var others *OtherEventError
	require.ErrorAs(t, err, &others)
	require.Equal(t, OtherEventError{Type: "imm:Binding:Task", Source: "acs.imm"}, *others)

	messages, err = ParseIndexMessages(nil, []byte("["+other+","+good+",{}]"))
	require.Len(t, messages, 1)
	require.ErrorContains(t, err, "imm: 2 of 3 events of the batch cannot be read: event 2: ")
	require.NotErrorAs(t, err, &others, "letting others go would lose the broken one")
}

func TestHeadersThatRepeatTheBodyAreNoSecondEnvelope(t *testing.T) {
	t.Parallel()
	_, body := golden(t, "mns-json.json")
	for id, want := range map[string][]Envelope{mnsID: {EnvelopeMNSJSON}, "other": {EnvelopeMNSSimplified, EnvelopeMNSJSON}} {
		messages, err := ParseIndexMessages(http.Header{"X-Mns-Message-Id": {id}}, body)
		require.NoError(t, err)
		require.Equal(t, want, messages[0].Envelopes)
		require.Equal(t, id, messages[0].MessageID)
	}
}

func TestAMessageTakesNoMoreMemoryThanASmallMultipleOfItsSize(t *testing.T) { //nolint:paralleltest // It measures what all goroutines allocate.
	for name, body := range map[string]string{
		"members":  "{" + strings.Repeat(`"a":1,`, 150_000) + `"Success":true}`,
		"files":    `{"Success":true,"Files":[` + strings.Repeat("{},", 300_000) + `{}]}`,
		"batch":    "[" + strings.Repeat("{},", 300_000) + "{}]",
		"brackets": strings.Repeat("[", 1<<20),
		"XML":      "<Notification>" + strings.Repeat("<a/>", 200_000) + "<Message>&lt;</Message></Notification>",
		"base64":   base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", 700_000) + tinyMessage)),
		"bytes":    `{"MessageId":"1","Message":"` + strings.Repeat("\xff", 1_000_000) + `"}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = ParseIndexMessages(nil, []byte(body))
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32*len(body)), name) // All that was ever allocated, of which most is garbage at once.
	}
}

// FuzzParseIndexMessages gives the header as lines of text.
func FuzzParseIndexMessages(f *testing.F) {
	files, err := os.ReadDir(filepath.Join("testdata", "messages"))
	require.NoError(f, err)
	for _, file := range files {
		header, body := golden(f, file.Name())
		var lines strings.Builder
		for name, values := range header {
			lines.WriteString(name + ": " + values[0] + "\n")
		}
		f.Add(lines.String(), body)
	}
	f.Fuzz(func(t *testing.T, lines string, body []byte) {
		header := headerOf(lines)
		messages, err := ParseIndexMessages(header, body)
		if err != nil {
			requireOneLine(t, err.Error())
		} else {
			require.NotEmpty(t, messages)
		}
		require.LessOrEqual(t, len(messages), len(body)/16)
		for _, m := range messages {
			require.LessOrEqual(t, len(m.Envelopes), maxEnvelopes)
			require.LessOrEqual(t, len(m.Files), maxMessageFiles)
		}
		one, oneErr := ParseIndexMessage(body)
		many, manyErr := ParseIndexMessages(nil, body)
		if oneErr == nil {
			require.NoError(t, manyErr)
			require.Equal(t, []*IndexMessage{one}, many)
		} else if manyErr == nil && len(many) == 1 {
			require.Contains(t, oneErr.Error(), "ParseIndexMessages", "only XML may be left to the other")
		}
	})
}
