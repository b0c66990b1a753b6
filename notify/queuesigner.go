package notify

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// queueSignature is that of a request to the queue API: the HMAC-SHA1, in base64,
// of what decides the request. The resource is the path with the query as it is
// sent. The security token is not among what is signed.
//
// https://www.alibabacloud.com/help/en/mns/sign-requests
func queueSignature(secret, method, resource string, header http.Header) string {
	var signed []string
	for name, values := range header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-mns-") {
			signed = append(signed, lower+":"+values[0]+"\n")
		}
	}
	slices.Sort(signed)
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(method + "\n" + header.Get("Content-Md5") + "\n" + header.Get("Content-Type") + "\n" + header.Get("Date") + "\n" +
		strings.Join(signed, "") + resource))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
