package notify

import (
	"errors"
	"io"
	"net/http"
	"strings"
)

func queueReply(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func queueRefusal(status int, code string) *http.Response {
	return queueReply(status, `<?xml version="1.0"?>`+"\n"+`<Error xmlns="http://mns.aliyuncs.com/doc/v1/"><Code>`+code+`</Code><Message>because of `+code+`</Message><RequestId>R-1</RequestId><HostId>h</HostId></Error>`)
}

func queueErrors(handlesAndCodes ...string) string {
	text := `<?xml version="1.0"?><Errors xmlns="http://mns.aliyuncs.com/doc/v1/">`
	for i := 0; i < len(handlesAndCodes); i += 2 {
		text += "<Error><ErrorCode>" + handlesAndCodes[i+1] + "</ErrorCode><ErrorMessage>because</ErrorMessage><ReceiptHandle>" + handlesAndCodes[i] + "</ReceiptHandle></Error>"
	}
	return text + "</Errors>"
}

// queueAnswer is what a fault answers.
type queueAnswer func(*http.Request) (*http.Response, error)

func queueAnswers(status int, code string) queueAnswer {
	return func(*http.Request) (*http.Response, error) { return queueRefusal(status, code), nil }
}

func queueSays(status int, body string) queueAnswer {
	return func(*http.Request) (*http.Response, error) { return queueReply(status, body), nil }
}

func queueBreaks(err error) queueAnswer {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func queueHangs(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func queueBreaksOff(*http.Request) (*http.Response, error) {
	resp := queueReply(http.StatusOK, "")
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("<Messages><Message><MessageId>M"), queueBrokenReader{}))
	return resp, nil
}

type queueBrokenReader struct{}

func (queueBrokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

var errQueueReset = errors.New("connection reset by peer")
