package osssource

import (
	"context"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"

	"github.com/imm-go/imm"
)

// Credentials makes the provider of an imm.Client one for the client of OSS:
//
//	config := oss.LoadDefaultConfig().WithRegion("cn-hangzhou").WithCredentialsProvider(osssource.Credentials(provider))
//
// The provider is asked for each request, of which a list has one for 1,000
// objects. What comes of it is as safe for concurrent use as the provider is.
func Credentials(provider imm.CredentialsProvider) credentials.CredentialsProvider {
	return credentials.CredentialsProviderFunc(func(ctx context.Context) (credentials.Credentials, error) {
		creds, err := provider.Credentials(ctx)
		if err != nil {
			return credentials.Credentials{}, err
		}
		keys := credentials.Credentials{
			AccessKeyID:     creds.AccessKeyID,
			AccessKeySecret: creds.AccessKeySecret,
			SecurityToken:   creds.SecurityToken,
		}
		if !creds.Expires.IsZero() {
			keys.Expires = &creds.Expires
		}
		return keys, nil
	})
}
