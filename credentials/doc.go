// Package credentials finds the access keys that a client of package imm signs
// with: in the environment, in the files of the aliyun command line, on an ECS
// instance, at a local web address, or from STS for a RAM role.
//
//	creds, err := credentials.Default()
//	if err != nil {
//		return err
//	}
//	client, err := imm.NewClient("cn-hangzhou", creds)
//
// Default tries one source after the other. The other functions name one:
//
//	RAMRoleARN     a RAM role, assumed with the keys of any other provider
//	OIDC           a RAM role, assumed with a token file (RRSA in Kubernetes)
//	ECSRole        the RAM role of the ECS instance that the program runs on
//	URI            a web address that answers with keys, such as a sidecar's
//	Profile        a profile of the aliyun command line, of any mode
//	SharedProfile  a section of ~/.alibabacloud/credentials
//
// Fixed keys and keys from the environment alone need nothing of this package:
// see imm.StaticCredentials and imm.EnvCredentials.
//
// # What every provider promises
//
// It is safe for concurrent use and can serve many clients. It asks its source
// once at a time: whoever comes while the source is being asked waits for the
// same answer. It obeys the context of each caller, even where the source
// hangs; the source then goes on in the background, for as long as its own
// timeouts let it, and the next caller joins it. A provider, printed or logged
// in whatever way, shows no secret, and neither do its errors.
//
// Errors name the source, the reason and what to do. They match
// imm.ErrUnauthenticated where asking again is useless until somebody changes
// the configuration or the permissions, and do not where the source was out of
// reach.
//
// # What it rests on
//
// The sources are those of github.com/aliyun/credentials-go, which looks at
// the environment variable DEBUG: if that contains "credential", it writes
// request headers, tokens among them, to standard output. Nothing is written
// without it, but for one warning: a profile of mode OAuth whose file cannot be
// written back. It needs http.DefaultTransport to be a *http.Transport, as it
// is unless the program replaces it, and takes proxies from the environment;
// where HTTP_PROXY is set, NO_PROXY should list 100.100.100.200, or a question
// for the role of an ECS instance goes to the proxy. Key pairs of type RSA and
// bearer tokens, which it knows too, are left out: the first are deprecated,
// the second cannot sign a request.
package credentials
