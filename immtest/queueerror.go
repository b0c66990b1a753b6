package immtest

import (
	"maps"
	"net/http"
	"time"
)

func xmlAnswer(now time.Time, requestID string, status int, body []byte) answer {
	header := newHeader(now, xmlType)
	header.Set("X-Mns-Request-Id", requestID)
	header.Set("X-Mns-Version", mnsVersion)
	if status == http.StatusNoContent {
		header.Del("Content-Type")
	}
	return answer{status: status, header: header, body: body}
}

// queueError is an error in the documented XML.
func queueError(now time.Time, requestID, host string, f *failure) answer {
	w := newXML("Error")
	w.element("Code", f.code)
	w.element("Message", f.message)
	w.element("RequestId", requestID)
	w.element("HostId", "http://"+host)
	a := xmlAnswer(now, requestID, f.status, w.end("Error"))
	a.code = f.code
	maps.Copy(a.header, f.header)
	return a
}

func messageNotExist() *failure {
	return &failure{status: http.StatusNotFound, code: "MessageNotExist", message: "Message not exist."}
}

func queueNotExist() *failure {
	return &failure{status: http.StatusNotFound, code: "QueueNotExist", message: "The queue name you provided is not exist."}
}

func receiptHandleError() *failure {
	return &failure{status: http.StatusBadRequest, code: "ReceiptHandleError", message: "The receipt handle you provide is not valid."}
}

func missingReceiptHandle() *failure {
	return &failure{status: http.StatusBadRequest, code: "MissingReceiptHandle", message: "ReceiptHandle is required."}
}
