package immtest

import "net/http"

// controlCertificate answers with a certificate as the real address of it would.
func (s *Server) controlCertificate(r *http.Request) controlAnswer {
	query, refusal := controlQuery(r, "url")
	if refusal != nil {
		return *refusal
	}
	text, err := s.Certificate(r.Context(), query.Get("url"))
	if err != nil {
		return controlRefusal(http.StatusNotFound, "The parameter url names no certificate: "+err.Error()+".")
	}
	return controlAnswer{status: http.StatusOK, pem: text}
}
