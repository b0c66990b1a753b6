package imm_test

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/imm-go/imm"
)

// A push of MNS whose NotifyContentFormat is SIMPLIFIED, as an HTTP handler gets
// it. Check the signature first: this only reads.
func ExampleParseIndexMessages() {
	header := http.Header{"X-Mns-Message-Id": {"6CC4D900CA59A2CD-1"}, "X-Mns-Publish-Time": {"1449556920975"}}
	body := `{"Success":true,"Files":[{"URI":"oss://test-bucket/cat.jpg","Error":""}]}`
	messages, err := imm.ParseIndexMessages(header, []byte(body))
	if err != nil {
		log.Fatal(err)
	}
	for _, message := range messages {
		fmt.Println(message.Envelopes, message.MessageID, message.PublishTime.Year(), message.Err())
	}
	// Output: [MNS SIMPLIFIED] 6CC4D900CA59A2CD-1 2015 <nil>
}

// A rule of EventBridge that is too wide also delivers events about other things.
func ExampleOtherEventError() {
	_, err := imm.ParseIndexMessages(nil, []byte(`{"specversion":"1.0","id":"1","source":"acs.imm","type":"imm:Binding:Task","data":{}}`))
	if other, ok := errors.AsType[*imm.OtherEventError](err); ok {
		fmt.Println(other.Type, strings.HasPrefix(other.Source, "acs."))
	}
	// Output: imm:Binding:Task true
}
