// Publishedchain makes one call with the published core and whatever keys the
// default chain finds.
package main

import (
	"net/http"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	credential "github.com/aliyun/credentials-go/credentials" //nolint:depguard // its chain is what is measured

	"github.com/imm-go/imm/bench/programs/answer"
)

type hook struct{ client *http.Client }

func (h hook) Call(req *http.Request, _ *http.Transport) (*http.Response, error) {
	return h.client.Do(req)
}

func main() {
	chain, err := credential.NewCredential(nil)
	if err != nil {
		answer.Log(nil, err)
		return
	}
	client, err := openapi.NewClient(&utils.Config{
		Credential: chain, Endpoint: new("imm.cn-hangzhou.aliyuncs.com"), HttpClient: hook{answer.Client()},
	})
	if err != nil {
		answer.Log(nil, err)
		return
	}
	query := map[string]any{"ProjectName": new("p"), "DatasetName": new("d"), "URI": new("oss://b")}
	result, err := client.CallApi(&utils.Params{
		Action: new("GetBinding"), Version: new("2020-09-30"), Protocol: new("HTTPS"), Pathname: new("/"), Method: new("POST"),
		AuthType: new("AK"), Style: new("RPC"), ReqBodyType: new("formData"), BodyType: new("json"),
	}, &utils.OpenApiRequest{Query: utils.Query(query)}, &dara.RuntimeOptions{})
	answer.Log(result["body"], err)
}
