package immtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash/maphash"
	"net/http"
	"time"
)

const (
	dateLayout = "2006-01-02T15:04:05Z"
	// dateWindow is how far off a request's date may be. The service documents
	// about 15 minutes.
	dateWindow = 15 * time.Minute
)

// authenticate checks who sent a request and when, in the order of the gateway:
// what is missing, whether the key exists, the date, the token, the signature,
// the rate, which is one of known users only, and the nonce. The codes for a missing header are not documented one by one.
func (s *Server) authenticate(in *received, now time.Time) *failure {
	auth, ok := parseAuthorization(in.header.Get("Authorization"))
	if !ok {
		return incompleteSignature("")
	}
	date := in.header.Get("X-Acs-Date")
	nonce := in.header.Get("X-Acs-Signature-Nonce")
	bodyHash := in.header.Get("X-Acs-Content-Sha256")
	switch {
	case date == "":
		return missing("Date")
	case nonce == "":
		return missing("SignatureNonce")
	case bodyHash == "":
		return missing("ContentSha256")
	}
	if name := unsignedHeader(in, auth.signedHeaders); name != "" {
		return incompleteSignature(" The header " + name + " is not among the signed headers, or was not sent.")
	}
	key, known := s.key(auth.accessKeyID)
	token := in.header.Get("X-Acs-Security-Token")
	if !known || key.token != "" && token == "" {
		// A temporary key is unknown to a gateway that is not given its token.
		return &failure{status: http.StatusNotFound, code: "InvalidAccessKeyId.NotFound", message: "Specified access key is not found."}
	}
	if f := checkDate(date, now); f != nil {
		return f
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(key.token)) != 1 {
		return &failure{status: http.StatusBadRequest, code: "InvalidSecurityToken.Malformed", message: "Specified SecurityToken is malformed."}
	}
	if !key.expires.IsZero() && !now.Before(key.expires) {
		return expiredToken()
	}
	if f := checkSignature(in, &auth, bodyHash, key.secret); f != nil {
		return f
	}
	if f := s.throttled(); f != nil {
		return f
	}
	return s.useNonce(auth.accessKeyID, nonce, now)
}

func (s *Server) key(id string) (keyPair, bool) {
	for _, key := range s.config.keys {
		if key.id == id {
			return key, true
		}
	}
	return keyPair{}, false
}

func checkDate(date string, now time.Time) *failure {
	sent, err := time.Parse(dateLayout, date)
	if err != nil || len(date) != len(dateLayout) { // time.Parse lets fractions of a second pass
		return &failure{status: http.StatusBadRequest, code: "InvalidTimeStamp.Format", message: "Specified time stamp or date value is not well formatted."}
	}
	if now.Sub(sent).Abs() > dateWindow {
		return &failure{status: http.StatusBadRequest, code: "InvalidTimeStamp.Expired", message: "Specified time stamp or date value is expired."}
	}
	return nil
}

// checkSignature compares both the hash of the body and the signature, because a
// wrong hash that was signed is no less wrong. What is signed includes the
// security token, so the message shows it to the sender, as the service's does.
func checkSignature(in *received, auth *authorization, bodyHash, secret string) *failure {
	sum := sha256.Sum256(in.body)
	canonical, err := canonicalRequest(in, auth.signedHeaders, hex.EncodeToString(sum[:]))
	if err != nil {
		return incompleteSignature(" The query cannot be read.")
	}
	toSign := stringToSign(canonical)
	if hmac.Equal([]byte(signature(secret, toSign)), []byte(auth.signature)) && bodyHash == hex.EncodeToString(sum[:]) {
		return nil
	}
	return &failure{status: http.StatusBadRequest, code: "SignatureDoesNotMatch", message: "Specified signature is not matched with our calculation. server string to sign is:[" + toSign +
		"], server canonicalRequest is:[" + canonical + "]"}

}

func expiredToken() *failure {
	return &failure{status: http.StatusBadRequest, code: "InvalidSecurityToken.Expired", message: "Specified SecurityToken is expired."}
}

func incompleteSignature(why string) *failure {
	return &failure{status: http.StatusBadRequest, code: "IncompleteSignature", message: "The request signature does not conform to Aliyun standards." + why}
}

// useNonce is the last check, so that a request that was refused does not use up
// its nonce.
func (s *Server) useNonce(accessKeyID, nonce string, now time.Time) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.nonces.add(accessKeyID+"\n"+nonce, now) {
		return &failure{status: http.StatusBadRequest, code: "SignatureNonceUsed", message: "Specified signature nonce was used already."}
	}
	return nil
}

// nonceLog remembers nonces for as long as a date can stay valid, from a
// window ahead of the clock to a window behind it, and forgets them within
// twice that time, so that a long test does not grow without end. It keeps hashes
// of 64 bits, because a load test sends millions of nonces in that time; that one
// of those is taken for another does not happen in thousands of such tests.
type nonceLog struct {
	current, previous map[uint64]struct{}
	since             time.Time
	seed              maphash.Seed
}

// add reports whether the nonce is new.
func (l *nonceLog) add(nonce string, now time.Time) bool {
	if l.current == nil {
		l.seed = maphash.MakeSeed()
	}
	if l.current == nil || now.Sub(l.since) > 2*dateWindow {
		l.previous, l.current, l.since = l.current, make(map[uint64]struct{}), now
	}
	hash := maphash.String(l.seed, nonce)
	_, used := l.current[hash]
	_, usedBefore := l.previous[hash]
	l.current[hash] = struct{}{}
	return !used && !usedBefore
}
