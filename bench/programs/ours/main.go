// Ours makes one call with this SDK and fixed keys.
package main

import (
	"context"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bench/programs/answer"
)

func main() {
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""), imm.WithHTTPClient(answer.Client()))
	if err != nil {
		answer.Log(nil, err)
		return
	}
	ctx := context.Background()
	binding, err := client.GetBinding(ctx, &imm.GetBindingRequest{ProjectName: "p", DatasetName: "d", URI: "oss://b"})
	answer.Log(binding, err)
}
