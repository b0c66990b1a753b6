package immtest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// authenticateQueue checks who sent a request to the queue API and when. Which
// of several mistakes MNS names first is not documented.
func (s *Server) authenticateQueue(in *received, now time.Time) *failure {
	if version := in.header.Get("X-Mns-Version"); version != mnsVersion {
		if version == "" {
			return &failure{status: http.StatusBadRequest, code: "MissingVersionHeader", message: "Version header is required."}
		}
		return &failure{status: http.StatusBadRequest, code: "InvalidVersionHeader", message: "The version header is not valid, it is " + mnsVersion + "."}
	}
	if f := checkQueueDate(in.header.Get("Date"), now); f != nil {
		return f
	}
	authorization := in.header.Get("Authorization")
	if authorization == "" {
		return &failure{status: http.StatusForbidden, code: "MissingAuthorizationHeader", message: "Authorization header is required."}
	}
	scheme, rest, _ := strings.Cut(authorization, " ")
	id, signature, signed := strings.Cut(rest, ":")
	if scheme != "MNS" || !signed || id == "" || signature == "" {
		return &failure{status: http.StatusBadRequest, code: "InvalidAuthorizationHeader", message: "The Authorization header format is invalid."}
	}
	key, known := s.key(id)
	token := in.header.Get("Security-Token")
	switch {
	case !known || key.token != "" && token == "":
		// A temporary key is unknown where its token does not come along.
		return &failure{status: http.StatusForbidden, code: "InvalidAccessKeyId", message: "The AccessKey Id you provided is not exist."}
	case subtle.ConstantTimeCompare([]byte(token), []byte(key.token)) != 1:
		return &failure{status: http.StatusForbidden, code: "InvalidSecurityToken", message: "The security token you provided is invalid."}
	case !key.expires.IsZero() && !now.Before(key.expires):
		return &failure{status: http.StatusForbidden, code: "SecurityTokenExpired", message: "The security token you provided has expired."}
	case !hmac.Equal([]byte(queueSignature(in, key.secret)), []byte(signature)):
		return &failure{
			status: http.StatusForbidden, code: "SignatureDoesNotMatch",
			message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
		}
	}
	return checkQueueMD5(in)
}

func checkQueueDate(text string, now time.Time) *failure {
	if text == "" {
		return &failure{status: http.StatusBadRequest, code: "MissingDateHeader", message: "Date header is required."}
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return &failure{status: http.StatusBadRequest, code: "InvalidDateHeader", message: "The Date header format is invalid."}
	}
	if now.Sub(date).Abs() > dateWindow {
		return &failure{status: http.StatusRequestTimeout, code: "TimeExpired", message: "The http request you sent is expired."}
	}
	return nil
}

// checkQueueMD5 compares the body with its MD5, which need not be there. SDKs
// send the base64 of the digest or that of its hexadecimal digits. InvalidDegist is spelled so.
func checkQueueMD5(in *received) *failure {
	sent := in.header.Get("Content-Md5")
	sum := md5.Sum(in.body)
	digits := hex.EncodeToString(sum[:])
	if sent == "" || sent == base64.StdEncoding.EncodeToString(sum[:]) || sent == base64.StdEncoding.EncodeToString([]byte(digits)) {
		return nil
	}
	return &failure{status: http.StatusBadRequest, code: "InvalidDegist", message: "The Content-MD5 you specified is invalid."}
}

// queueSignature is what the signature of a request to the queue API should be.
func queueSignature(in *received, secret string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	_, _ = mac.Write([]byte(queueStringToSign(in))) // never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func queueStringToSign(in *received) string {
	var lines []string
	for name, values := range in.header {
		if name := strings.ToLower(name); strings.HasPrefix(name, "x-mns-") {
			lines = append(lines, name+":"+values[0]+"\n")
		}
	}
	slices.Sort(lines)
	return in.method + "\n" + in.header.Get("Content-Md5") + "\n" + in.header.Get("Content-Type") + "\n" + in.header.Get("Date") + "\n" +
		strings.Join(lines, "") + in.url.RequestURI()
}
