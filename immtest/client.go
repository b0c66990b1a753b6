package immtest

import (
	"net/http"

	"github.com/imm-go/imm"
)

// Client returns a client of the server that needs no network: it uses
// Transport, the endpoint http://localhost and the server's first key pair. The
// options come after those and win over them. Client panics with the text of the
// error where NewClient refuses the options, because that is a mistake in the
// test itself.
func (s *Server) Client(opts ...imm.Option) *imm.Client {
	key := s.config.keys[0]
	all := append([]imm.Option{
		imm.WithEndpoint("http://localhost"),
		imm.WithHTTPClient(&http.Client{Transport: s.Transport()}),
	}, opts...)
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials(key.id, key.secret, key.token), all...)
	if err != nil {
		panic("immtest: " + err.Error())
	}
	return client
}
