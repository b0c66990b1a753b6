package credentials_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/credentials"
)

// The provider finds its source when the client first asks it. Give it to
// imm.NewClient.
func ExampleDefault() {
	creds, err := credentials.Default()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(creds)
	// Output: credentials of default chain
}

// A service on the same machine hands out temporary keys.
func ExampleURI() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"AccessKeyId":"STS.example","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2099-01-01T00:00:00Z"}`)
	}))
	defer service.Close()

	provider, err := credentials.URI(service.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	creds, err := provider.Credentials(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(creds.AccessKeyID)
	// Output: STS.example
}

// The keys of a user, here from the environment, assume a role that may do
// less, for a quarter of an hour at a time.
func ExampleRAMRoleARN() {
	_, err := credentials.RAMRoleARN(imm.EnvCredentials(), "acs:ram::123456789012:role/indexer",
		credentials.WithSessionName("nightly-index"),
		credentials.WithSessionDuration(15*time.Minute),
		credentials.WithSTSVPC("cn-hangzhou"))
	fmt.Println(err)

	_, err = credentials.RAMRoleARN(imm.EnvCredentials(), "indexer")
	fmt.Println(err)
	// Output:
	// <nil>
	// credentials.RAMRoleARN: the role ARN "indexer" is not of the form acs:ram::{account id}:role/{name}
}

// A pod of a Kubernetes cluster with RRSA reads its token from a file.
func ExampleOIDC() {
	provider, err := credentials.OIDC(
		"acs:ram::123456789012:role/indexer",
		"acs:ram::123456789012:oidc-provider/ack-rrsa-c1",
		"/var/run/secrets/ack.alibabacloud.com/rrsa-tokens/token")
	fmt.Println(provider, err)
	// Output: credentials of OIDC role acs:ram::123456789012:role/indexer <nil>
}

func ExampleECSRole() {
	_, err := credentials.ECSRole("acs:ram::123456789012:role/indexer")
	fmt.Println(err)
	// Output: credentials.ECSRole: the name of the RAM role "acs:ram::123456789012:role/indexer" has other characters than letters, digits and .-_; give the name, not the ARN
}
