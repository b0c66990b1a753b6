// Oursall makes one call with this SDK and fixed keys, as ours does. With an
// argument it makes all calls around an index, so that all of them are linked.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bench/programs/answer"
)

func main() {
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""), imm.WithHTTPClient(answer.Client()), imm.WithLogger(slog.Default()))
	if err != nil {
		answer.Log(nil, err)
		return
	}
	ctx := context.Background()
	binding, err := client.GetBinding(ctx, &imm.GetBindingRequest{ProjectName: "p", DatasetName: "d", URI: "oss://b"})
	answer.Log(binding, err)
	if len(os.Args) > 1 {
		answer.Log(client.CreateBinding(ctx, &imm.CreateBindingRequest{ProjectName: "p", DatasetName: "d", URI: "oss://b"}))
		answer.Log(client.WaitBinding(ctx, &imm.GetBindingRequest{ProjectName: "p", DatasetName: "d", URI: "oss://b"}))
		answer.Log(client.IndexFileMeta(ctx, &imm.IndexFileMetaRequest{ProjectName: "p", DatasetName: "d", File: imm.InputFile{URI: "oss://b/k"}}))
		answer.Log(client.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{ProjectName: "p", DatasetName: "d", Files: []imm.InputFile{{URI: "oss://b/k"}}}))
		answer.Log(nil, client.Do(ctx, "GetProject", map[string]any{"ProjectName": "p"}, nil))
		answer.Log(imm.ParseIndexMessage([]byte(os.Args[1])))
	}
}
