package auth

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestKeysThatWereCopiedWrongAreRefusedUnseen(t *testing.T) {
	t.Parallel()
	good := Keys{AccessKeyID: "LTAI5t!~", AccessKeySecret: "anything", SecurityToken: "CAIS+/=."}
	require.NoError(t, good.Check())
	for name, change := range map[string]func(c *Keys){
		"the access key id is empty":     func(c *Keys) { c.AccessKeyID = "" },
		"the access key secret is empty": func(c *Keys) { c.AccessKeySecret = "" },
		"the access key id has":          func(c *Keys) { c.AccessKeyID = "LTAI5t\n" },
		"the access key id has a":        func(c *Keys) { c.AccessKeyID = "LTAI 5t" },
		"the access key id has a space":  func(c *Keys) { c.AccessKeyID = "LTAI5tü" },
		"the access key secret has":      func(c *Keys) { c.AccessKeySecret = "anything\n" },
		"the access key secret has a":    func(c *Keys) { c.AccessKeySecret = "anything " },
		"the security token has":         func(c *Keys) { c.SecurityToken = "CAIS\r\n" },
		"the security token has a":       func(c *Keys) { c.SecurityToken = " CAIS" },
		"the security token has a space": func(c *Keys) { c.SecurityToken = "CAIS\x7f" },
	} {
		creds := good
		change(&creds)
		err := creds.Check()
		require.ErrorContains(t, err, name)
		require.NotContains(t, err.Error(), "LTAI")
		require.NotContains(t, err.Error(), "CAIS")
		require.NotContains(t, err.Error(), "anything")
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestKeysAreTheSameIfTheServiceCannotTellThemApart(t *testing.T) {
	t.Parallel()
	a := Keys{AccessKeyID: "id", AccessKeySecret: "secret", SecurityToken: "token", Expires: time.Unix(1, 0)}
	require.True(t, a.Same(Keys{AccessKeyID: "id", AccessKeySecret: "secret", SecurityToken: "token", Expires: time.Unix(2, 0)}))
	for _, b := range []Keys{
		{AccessKeyID: "other", AccessKeySecret: "secret", SecurityToken: "token"},
		{AccessKeyID: "id", AccessKeySecret: "other", SecurityToken: "token"},
		{AccessKeyID: "id", AccessKeySecret: "secret", SecurityToken: "other"},
		{AccessKeyID: "id", AccessKeySecret: "secret"},
	} {
		require.False(t, a.Same(b))
	}
}

func TestKeysAreTakenOutOfATextInEveryForm(t *testing.T) {
	t.Parallel()
	k := Keys{AccessKeyID: "LTAI", AccessKeySecret: "Secret+/=key", SecurityToken: "CAIS+token/with=every&sort%"}
	for _, secret := range []string{k.AccessKeySecret, k.SecurityToken} {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			require.Equal(t, "a REDACTED b REDACTED of LTAI", k.Withhold("a "+form+" b "+form+" of LTAI"))
		}
	}
	require.Equal(t, "abcabc", Keys{AccessKeySecret: "abc"}.Withhold("abcabc"), "what is so short is no secret")
}

type emptyProvider struct{}

func TestAProviderThatIsNilIsRefused(t *testing.T) {
	t.Parallel()
	for want, provider := range map[string]any{
		"the provider is nil":           nil,
		"the provider is a nil pointer": (*emptyProvider)(nil),
	} {
		require.ErrorContains(t, CheckProvider(provider), want)
	}
	require.ErrorContains(t, CheckProvider((func())(nil)), "the provider is a nil pointer")
	require.NoError(t, CheckProvider(new(emptyProvider)))
	require.NoError(t, CheckProvider(emptyProvider{}))
	require.NoError(t, CheckProvider(func() {}))
}
