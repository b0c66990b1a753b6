package imm

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const documentedMessage = `{"ProjectName":"test-project","DatasetName":"test-dataset","RequestId":"658FFD57-B495-07C0-B24B-B64CC52993CB",
 "StartTime":"2022-07-06T07:18:18.664770352+08:00","EndTime":"2022-07-06T07:18:20.762465221+08:00",
 "Success":true,"Message":"","Files":[
 {"URI":"oss://test-bucket/test-object1.jpg","CustomLabels":{"category":"Persons"},"Error":""},
 {"URI":"oss://test-bucket/test-object2.jpg","CustomLabels":{"category":"Pets"},"Error":""}]}`

func documented() *IndexMessage {
	zone := time.FixedZone("", 8*60*60)
	return &IndexMessage{
		ProjectName: "test-project", DatasetName: "test-dataset", RequestID: "658FFD57-B495-07C0-B24B-B64CC52993CB",
		StartTime: time.Date(2022, 7, 6, 7, 18, 18, 664_770_352, zone), EndTime: time.Date(2022, 7, 6, 7, 18, 20, 762_465_221, zone),
		Success: true,
		Files: []IndexedFile{
			{URI: "oss://test-bucket/test-object1.jpg", CustomLabels: map[string]string{"category": "Persons"}},
			{URI: "oss://test-bucket/test-object2.jpg", CustomLabels: map[string]string{"category": "Pets"}},
		},
	}
}

func TestTheDocumentedMessageIsReadInEveryEnvelope(t *testing.T) {
	t.Parallel()
	std, address := base64.StdEncoding.EncodeToString([]byte(documentedMessage)), base64.URLEncoding.EncodeToString([]byte(documentedMessage))
	var wrapped strings.Builder
	for i := 0; i < len(std); i += 76 {
		wrapped.WriteString(std[i:min(i+76, len(std))] + "\r\n")
	}
	for name, text := range map[string]string{
		"plain":                       documentedMessage,
		"white space around":          "\r\n\t " + documentedMessage + "\n\n",
		"a byte order mark":           "\uFEFF" + documentedMessage,
		"base64":                      std,
		"base64 without padding":      strings.TrimRight(std, "="),
		"base64 for URLs":             address,
		"base64 in lines":             wrapped.String(),
		"base64 and white space":      " " + std + "\n",
		"base64 of white space":       base64.StdEncoding.EncodeToString([]byte("\n " + documentedMessage + "\n")),
		"base64 of a byte order mark": base64.StdEncoding.EncodeToString([]byte("\uFEFF" + documentedMessage)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := ParseIndexMessage([]byte(text))
			require.NoError(t, err)
			require.True(t, documented().StartTime.Equal(m.StartTime))
			require.True(t, documented().EndTime.Equal(m.EndTime))
			want := documented()
			want.StartTime, want.EndTime = m.StartTime, m.EndTime // Zones are pointers.
			want.Envelopes = m.Envelopes
			require.Equal(t, want, m)
			require.NoError(t, m.Err())
			require.Nil(t, m.Failed())
		})
	}
}

func TestBothAlphabetsOfBase64AreRead(t *testing.T) {
	t.Parallel()
	message := `{"Success":true,"Message":"` + strings.Repeat("ÿþ>?~", 50) + `","Files":null}`
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		text := encoding.EncodeToString([]byte(message))
		require.True(t, strings.ContainsAny(text, "+/-_"))
		m, err := ParseIndexMessage([]byte(text))
		require.NoError(t, err)
		require.Equal(t, strings.Repeat("ÿþ>?~", 50), m.Message)
	}
}

func TestAMessageThatDoesNotTellTheOutcomeIsAnError(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":                            "",
		"white space":                        " \n\t",
		"only a mark":                        "\uFEFF",
		"Success missing":                    `{"Files":[]}`,
		"success in lowercase":               `{"success":true,"Files":[]}`,
		"Success as text":                    `{"Success":"true","Files":[]}`,
		"Success null":                       `{"Success":null,"Files":[]}`,
		"Success 1":                          `{"Success":1,"Files":[]}`,
		"Success a list":                     `{"Success":[true],"Files":[]}`,
		"Success nested":                     `{"data":{"Success":true},"Files":[]}`,
		"Success twice, the last no boolean": `{"Success":true,"Success":"true"}`,
		"Files an object":                    `{"Success":true,"Files":{}}`,
		"Files a text":                       `{"Success":true,"Files":"oss://b/k"}`,
		"Files true":                         `{"Success":true,"Files":true}`,
		"a file that is text":                `{"Success":true,"Files":[{"URI":"oss://b/k"},"oss://b/k"]}`,
		"a file that is null":                `{"Success":true,"Files":[null]}`,
		"a file that is a list":              `{"Success":true,"Files":[[]]}`,
		"data behind the JSON":               documentedMessage + "x",
		"a second message":                   documentedMessage + documentedMessage,
		"half a message":                     documentedMessage[:len(documentedMessage)/2],
		"a list":                             "[" + documentedMessage + "]",
		"a text":                             `"Success"`,
		"a number":                           "1",
		"null":                               "null",
		"HTML":                               "<html><head><title>Service\nUnavailable</title></head></html>",
		"XML":                                "<Notification><Message>x</Message></Notification>",
		"bytes":                              "\x00\x01\xff\xfe\x1b[2J",
		"base64 of something else":           base64.StdEncoding.EncodeToString([]byte("hello")),
		"base64 of a list":                   base64.StdEncoding.EncodeToString([]byte("[]")),
		"base64 of base64":                   base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(documentedMessage)))),
		"base64 that is cut off":             base64.StdEncoding.EncodeToString([]byte(documentedMessage))[:401],
		"base64 with a foreign letter":       base64.StdEncoding.EncodeToString([]byte(documentedMessage)) + "*",
		"above 1 MiB":                        documentedMessage + strings.Repeat(" ", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := ParseIndexMessage([]byte(text))
			require.Error(t, err)
			require.Nil(t, m)
			require.True(t, strings.HasPrefix(err.Error(), "imm: "), err.Error())
			requireOneLine(t, err.Error())
			require.Less(t, len(err.Error()), 500)
		})
	}
	largest := documentedMessage + strings.Repeat(" ", 1<<20-len(documentedMessage))
	_, err := ParseIndexMessage([]byte(largest))
	require.NoError(t, err, "1 MiB is not above 1 MiB")
}

func TestWhatDoesNotTellTheOutcomeIsReadLeniently(t *testing.T) {
	t.Parallel()
	m, err := ParseIndexMessage([]byte(`{"Unknown":{"Success":false},"ProjectName":1,"DatasetName":null,"RequestId":["x"],"EventId":"e","UserData":"\u00e9\n",
		"StartTime":"yesterday","EndTime":1724133063161,"Success":true,"Message":{"why":1},"Files":[
		{"URI":"a","CustomId":"c","CustomLabels":{"text":"t","number":1.50,"null":null,"list":[1, 2],"yes":true,"é\"":"\u0041"},"Error":null,"More":1},
		{"URI":"b","CustomId":7,"CustomLabels":"none"},
		{"CustomLabels":[],"Error":""},
		{"URI":"d","Error":"[InvalidArgument] File does not exist."},
		{"URI":"e","Error":{"Code":"x"}},
		{"URI":"f","Error":0},
		{"URI":"g","Error":false},
		{"URI":"h","CustomLabels":{}}]}`))
	require.NoError(t, err)
	require.Equal(t, &IndexMessage{
		EventID: "e", UserData: "é\n", Success: true, Message: `{"why":1}`,
		Files: []IndexedFile{
			{URI: "a", CustomID: "c", CustomLabels: map[string]string{"text": "t", "number": "1.50", "null": "", "list": "[1, 2]", "yes": "true", `é"`: "A"}},
			{URI: "b"},
			{},
			{URI: "d", Error: "[InvalidArgument] File does not exist."},
			{URI: "e", Error: `{"Code":"x"}`},
			{URI: "f", Error: "0"},
			{URI: "g", Error: "false"},
			{URI: "h"},
		},
	}, m)
	require.Len(t, m.Failed(), 4, "an error that is no text is an error")
}

func TestOfARepeatedNameTheLastCounts(t *testing.T) {
	t.Parallel()
	m, err := ParseIndexMessage([]byte(`{"Success":true,"Success":false,"Message":"a","Message":"b","Files":[1],"Files":[{"URI":"a","URI":"b","Error":"x","Error":"y"}]}`))
	require.NoError(t, err)
	require.Equal(t, &IndexMessage{Message: "b", Files: []IndexedFile{{URI: "b", Error: "y"}}}, m)
}

// TestAMessageIsWellOnlyIfEveryFileIs is the table of what the outcome means.
func TestAMessageIsWellOnlyIfEveryFileIs(t *testing.T) {
	t.Parallel()
	good, bad := IndexedFile{URI: "oss://b/good"}, IndexedFile{URI: "oss://b/bad", Error: "[InvalidArgument] File does not exist."}
	many := make([]IndexedFile, 100)
	for i := range many {
		many[i] = IndexedFile{URI: fmt.Sprintf("oss://b/%d", i), Error: "e"}
	}
	tests := map[string]struct {
		m      IndexMessage
		failed []IndexedFile
		err    string // empty: none
	}{
		"all files":                 {IndexMessage{Success: true, Files: []IndexedFile{good, good}}, nil, ""},
		"a message does not matter": {IndexMessage{Success: true, Message: "done", Files: []IndexedFile{good}}, nil, ""},
		"one of two": {
			IndexMessage{Success: true, Files: []IndexedFile{good, bad}}, []IndexedFile{bad},
			`imm: 1 of 2 files not indexed: "oss://b/bad": [InvalidArgument] File does not exist.`,
		},
		"no file, success": {IndexMessage{Success: true}, nil, "imm: the index message names no file, so the outcome of none is known"},
		"an empty list":    {IndexMessage{Success: true, Files: []IndexedFile{}}, nil, "imm: the index message names no file, so the outcome of none is known"},
		"no file, failure": {IndexMessage{Message: "quota\nused up"}, nil, "imm: indexing failed: quota used up"},
		"nothing at all":   {IndexMessage{}, nil, "imm: indexing failed: the message says that indexing failed, and not why"},
		"failure without errors of files": {
			IndexMessage{Message: "why", Files: []IndexedFile{good}}, []IndexedFile{{URI: good.URI, Error: "why"}},
			`imm: 1 of 1 files not indexed: "oss://b/good": why`,
		},
		"failure without any reason": {
			IndexMessage{Files: []IndexedFile{good}}, []IndexedFile{{URI: good.URI, Error: "the message says that indexing failed, and not why"}},
			`imm: 1 of 1 files not indexed: "oss://b/good": the message says that indexing failed, and not why`,
		},
		"failure with errors of some": {
			IndexMessage{Message: "why", Files: []IndexedFile{bad, good}}, []IndexedFile{bad, {URI: good.URI, Error: "why"}},
			`imm: 2 of 2 files not indexed: "oss://b/bad": [InvalidArgument] File does not exist.; "oss://b/good": why`,
		},
		"three": {IndexMessage{Success: true, Files: many[:3]}, many[:3], `imm: 3 of 3 files not indexed: "oss://b/0": e; "oss://b/1": e; "oss://b/2": e`},
		"four":  {IndexMessage{Success: true, Files: many[:4]}, many[:4], `imm: 4 of 4 files not indexed: "oss://b/0": e; "oss://b/1": e; "oss://b/2": e; and 1 more`},
		"many":  {IndexMessage{Success: true, Files: many}, many, `imm: 100 of 100 files not indexed: "oss://b/0": e; "oss://b/1": e; "oss://b/2": e; and 97 more`},
		"hostile text": {
			IndexMessage{Success: true, Files: []IndexedFile{{URI: "a\nb", Error: "c\r\nd\x1b[2J"}}}, []IndexedFile{{URI: "a\nb", Error: "c\r\nd\x1b[2J"}},
			`imm: 1 of 1 files not indexed: "a\nb": c d [2J`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.failed, tt.m.Failed())
			if tt.err == "" {
				require.NoError(t, tt.m.Err())
				return
			}
			require.EqualError(t, tt.m.Err(), tt.err)
		})
	}
}

func TestFailedDoesNotChangeTheMessage(t *testing.T) {
	t.Parallel()
	m := IndexMessage{Message: "why", Files: []IndexedFile{{URI: "a"}}}
	m.Failed()[0].URI = "changed"
	require.Equal(t, IndexMessage{Message: "why", Files: []IndexedFile{{URI: "a"}}}, m)
}

// FuzzParseIndexMessage compares what is accepted with a reading by
// encoding/json that is as simple as can be.
func FuzzParseIndexMessage(f *testing.F) {
	f.Add([]byte(documentedMessage))
	f.Add([]byte(base64.StdEncoding.EncodeToString([]byte(documentedMessage))))
	f.Add([]byte(`{"Success":false,"Message":"\ud800\u0000","Files":[{"URI":"a","Error":null},{"CustomLabels":{"a":1,"a":"b"}}]}`))
	f.Add([]byte(`{"Success":true,"Success":1,"Files":[[[[]]]],"StartTime":"2022-07-06T07:18:18+08:00"}`))
	f.Add([]byte("\uFEFF {\"Success\" : true , \"Files\" : [ { } ] } "))
	f.Add([]byte("\xff\x00<html>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseIndexMessage(data)
		if err != nil {
			require.Nil(t, m)
			requireOneLine(t, err.Error())
			return
		}
		failed := m.Failed()
		for _, file := range failed {
			require.NotEmpty(t, file.Error)
		}
		if err := m.Err(); err != nil {
			requireOneLine(t, err.Error())
		} else {
			require.True(t, m.Success)
			require.NotEmpty(t, m.Files)
			require.Empty(t, failed)
			for _, file := range m.Files {
				require.Empty(t, file.Error)
			}
		}
		if plain := plainMessage(data); plain != nil && len(m.Envelopes) == 0 {
			m.StartTime, m.EndTime = time.Time{}, time.Time{}
			require.Equal(t, plain, m)
		}
	})
}

// plainMessage reads a message that is bare JSON, and nil if it is something
// else. It leaves the times out.
func plainMessage(data []byte) *IndexMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil
	}
	text := func(value json.RawMessage) (s string) {
		if json.Unmarshal(value, &s) != nil {
			return ""
		}
		return s
	}
	loose := func(value json.RawMessage) string {
		var v any
		if json.Unmarshal(value, &v) == nil && v == nil {
			return ""
		}
		if s, ok := v.(string); ok {
			return s
		}
		return string(value)
	}
	m := &IndexMessage{
		ProjectName: text(members["ProjectName"]), DatasetName: text(members["DatasetName"]), RequestID: text(members["RequestId"]),
		EventID: text(members["EventId"]), UserData: text(members["UserData"]), Message: loose(members["Message"]),
		Success: string(members["Success"]) == "true",
	}
	var files []map[string]json.RawMessage
	if json.Unmarshal(members["Files"], &files) != nil {
		return m
	}
	for _, file := range files {
		one := IndexedFile{URI: text(file["URI"]), CustomID: text(file["CustomId"]), Error: loose(file["Error"])}
		var labels map[string]json.RawMessage
		if json.Unmarshal(file["CustomLabels"], &labels) == nil && len(labels) > 0 {
			one.CustomLabels = make(map[string]string)
			for key, value := range labels {
				one.CustomLabels[key] = loose(value)
			}
		}
		m.Files = append(m.Files, one)
	}
	return m
}
