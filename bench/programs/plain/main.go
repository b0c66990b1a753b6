// Plain makes one call with net/http, encoding/json and log/slog, which every
// program that calls a service has anyway. It is what the others are compared with.
package main

import (
	"encoding/json"

	"github.com/imm-go/imm/bench/programs/answer"
)

func main() {
	resp, err := answer.Client().Post("https://imm.cn-hangzhou.aliyuncs.com/", "application/json", nil)
	if err != nil {
		answer.Log(nil, err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	var binding any
	err = json.NewDecoder(resp.Body).Decode(&binding)
	answer.Log(binding, err)
}
