// Ourschain makes one call with this SDK and whatever keys the default chain finds.
package main

import (
	"context"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bench/programs/answer"
	"github.com/imm-go/imm/credentials"
)

func main() {
	creds, err := credentials.Default()
	if err != nil {
		answer.Log(nil, err)
		return
	}
	client, err := imm.NewClient("cn-hangzhou", creds, imm.WithHTTPClient(answer.Client()))
	if err != nil {
		answer.Log(nil, err)
		return
	}
	binding, err := client.GetBinding(context.Background(), &imm.GetBindingRequest{ProjectName: "p", DatasetName: "d", URI: "oss://b"})
	answer.Log(binding, err)
}
