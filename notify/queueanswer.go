package notify

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// queueMaxAnswer is for a full batch: 16 messages of 64 KiB, of which each byte
// may be escaped to six.
const queueMaxAnswer = 8 << 20

var errQueueTooLarge = fmt.Errorf("the answer is larger than %d MiB", queueMaxAnswer>>20)

// queueMessage is one that was received.
type queueMessage struct {
	id       string
	handle   string // with which it is deleted, until it gets another
	body     []byte
	attempts int       // how often it was received, this time included; 0: unknown
	enqueued time.Time // by the service's clock; zero: unknown
	visible  time.Time // to others again, likewise
	damaged  bool      // the body is not the one that its MD5 is of
}

// queueMessageXML is a message as MNS writes it. What is a number there is text
// here, so that a number that cannot be read is no more than unknown.
type queueMessageXML struct {
	MessageID       string `xml:"MessageId"`
	ReceiptHandle   string
	MessageBodyMD5  string
	MessageBody     string
	EnqueueTime     string
	NextVisibleTime string
	DequeueCount    string
}

// parseQueueMessages reads the answer of BatchReceiveMessage. More messages than
// were asked for are refused: nobody has room for them.
//
// https://www.alibabacloud.com/help/en/mns/developer-reference/batchreceivemessage
func parseQueueMessages(data []byte, asked int) ([]queueMessage, error) {
	var answer struct {
		XMLName  xml.Name          `xml:"Messages"`
		Messages []queueMessageXML `xml:"Message"`
	}
	if err := xml.Unmarshal(data, &answer); err != nil {
		return nil, err
	}
	if len(answer.Messages) == 0 {
		return nil, errors.New("it has no message")
	}
	if len(answer.Messages) > asked {
		return nil, fmt.Errorf("it has %d messages, and %d were asked for", len(answer.Messages), asked)
	}
	messages := make([]queueMessage, len(answer.Messages))
	for i, in := range answer.Messages {
		m := queueMessage{id: strings.TrimSpace(in.MessageID), handle: strings.TrimSpace(in.ReceiptHandle), body: []byte(in.MessageBody)}
		if m.handle == "" {
			return nil, errors.New("a message has no ReceiptHandle, without which it cannot be deleted")
		}
		m.attempts, _ = strconv.Atoi(strings.TrimSpace(in.DequeueCount))
		m.enqueued = queueTime(in.EnqueueTime)
		m.visible = queueTime(in.NextVisibleTime)
		m.damaged = !queueDigestMatches(in.MessageBody, strings.TrimSpace(in.MessageBodyMD5))
		messages[i] = m
	}
	return messages, nil
}

// queueTime reads milliseconds since 1970. What would be in the year 10000 or later
// is unknown: samples in the documentation are in microseconds.
func queueTime(text string) time.Time {
	const year10000 = 253_402_300_800_000
	ms, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || ms <= 0 || ms >= year10000 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// queueDigestMatches compares a body with its MD5, if there is one. Whoever reads
// XML has to make a line feed of each line end, so the body may have had the other
// kind.
func queueDigestMatches(body, digest string) bool {
	for _, text := range []string{body, strings.ReplaceAll(body, "\n", "\r\n")} {
		sum := md5.Sum([]byte(text))
		if digest == "" || strings.EqualFold(digest, hex.EncodeToString(sum[:])) {
			return true
		}
	}
	return false
}

// parseQueueVisibility reads the answer of ChangeMessageVisibility, which is the
// handle that replaces the one that was used.
//
// https://www.alibabacloud.com/help/en/mns/developer-reference/changemessagevisibility
func parseQueueVisibility(data []byte) (handle string, err error) {
	var answer struct {
		XMLName       xml.Name `xml:"ChangeVisibility"`
		ReceiptHandle string
	}
	if err := xml.Unmarshal(data, &answer); err != nil {
		return "", err
	}
	handle = strings.TrimSpace(answer.ReceiptHandle)
	if handle == "" {
		return "", errors.New("it has no ReceiptHandle")
	}
	return handle, nil
}

// queueFailure is what became of one message of a BatchDeleteMessage.
type queueFailure struct {
	Code    string `xml:"ErrorCode"`
	Message string `xml:"ErrorMessage"`
	Handle  string `xml:"ReceiptHandle"`
}

// parseQueueFailures reads the answer of a BatchDeleteMessage that did not delete
// all. It names those that failed.
//
// https://www.alibabacloud.com/help/en/mns/developer-reference/batchdeletemessage
func parseQueueFailures(data []byte) ([]queueFailure, error) {
	var answer struct {
		XMLName xml.Name       `xml:"Errors"`
		Errors  []queueFailure `xml:"Error"`
	}
	if err := xml.Unmarshal(data, &answer); err != nil {
		return nil, err
	}
	for i := range answer.Errors {
		answer.Errors[i].Code = strings.TrimSpace(answer.Errors[i].Code)
		answer.Errors[i].Handle = strings.TrimSpace(answer.Errors[i].Handle)
	}
	return answer.Errors, nil
}

// queueHandlesXML is the body of a BatchDeleteMessage.
func queueHandlesXML(handles []string) []byte {
	var b strings.Builder
	b.WriteString(xml.Header + `<ReceiptHandles xmlns="http://mns.aliyuncs.com/doc/v1/">`)
	for _, handle := range handles {
		b.WriteString("<ReceiptHandle>")
		_ = xml.EscapeText(&b, []byte(handle)) // a strings.Builder takes all
		b.WriteString("</ReceiptHandle>")
	}
	b.WriteString("</ReceiptHandles>")
	return []byte(b.String())
}
