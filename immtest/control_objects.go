package immtest

import (
	"net/http"
	"net/url"
	"strings"
)

// maxControlObject is the limit of an object that is put over HTTP. It is in
// memory from then on.
const maxControlObject = 64 << 20

// controlPutObject puts the body as an object, as PutObject does.
func (s *Server) controlPutObject(r *http.Request) controlAnswer {
	bucketName, key, refusal := controlObject(r)
	if refusal != nil {
		return *refusal
	}
	data, refusal := controlBody(r, maxControlObject)
	if refusal != nil {
		return *refusal
	}
	s.PutObject(bucketName, key, data)
	return controlOK(map[string]any{"URI": "oss://" + bucketName + "/" + key, "Size": len(data)})
}

// controlDeleteObject deletes an object, as DeleteObject does.
func (s *Server) controlDeleteObject(r *http.Request) controlAnswer {
	bucketName, key, refusal := controlObject(r)
	if refusal != nil {
		return *refusal
	}
	s.DeleteObject(bucketName, key)
	return controlOK(map[string]any{"URI": "oss://" + bucketName + "/" + key})
}

// controlObject takes the path apart. The key is all that follows the bucket,
// slashes included.
func controlObject(r *http.Request) (bucketName, key string, refusal *controlAnswer) {
	if _, refusal := controlQuery(r); refusal != nil {
		return "", "", refusal
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), controlPath+"objects/")
	escapedBucket, escapedKey, _ := strings.Cut(path, "/")
	bucketName, bucketErr := url.PathUnescape(escapedBucket)
	key, keyErr := url.PathUnescape(escapedKey)
	if bucketErr != nil || keyErr != nil || bucketName == "" || key == "" || strings.Contains(bucketName, "/") {
		a := controlRefusal(http.StatusBadRequest, "The path of an object is "+controlPath+"objects/BUCKET/KEY, percent-encoded.")
		return "", "", &a
	}
	return bucketName, key, nil
}
