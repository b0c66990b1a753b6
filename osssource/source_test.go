package osssource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

// fakeOSS answers ListObjectsV2 as OSS does, with a token that is the last key.
type fakeOSS struct {
	keys     []string // in order
	pageSize int
	answer   func(n int, w http.ResponseWriter) bool // of the request n, from 1; false: the usual one
	requests []*http.Request
}

// noon is the time of the first key; each later one is a minute younger.
var noon = time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)

func (f *fakeOSS) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	f.requests = append(f.requests, r)
	w := httptest.NewRecorder()
	if f.answer == nil || !f.answer(len(f.requests), w) {
		f.list(w, r.URL.Query())
	}
	response := w.Result()
	response.Request = r
	return response, nil
}

func (f *fakeOSS) list(w http.ResponseWriter, query url.Values) {
	after := query.Get("start-after")
	if token := query.Get("continuation-token"); token != "" {
		after = token
	}
	var contents strings.Builder
	n, last, more := 0, "", false
	for i, key := range f.keys {
		if key <= after || !strings.HasPrefix(key, query.Get("prefix")) {
			continue
		}
		if n == f.pageSize {
			more = true
			break
		}
		n, last = n+1, key
		fmt.Fprintf(&contents, "<Contents><Key>%s</Key><LastModified>%s</LastModified><Size>7</Size></Contents>",
			url.QueryEscape(key), noon.Add(time.Duration(i)*time.Minute).Format("2006-01-02T15:04:05.000Z"))
	}
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>photos</Name><EncodingType>url</EncodingType>`+
		`<IsTruncated>%t</IsTruncated><KeyCount>%d</KeyCount>`, more, n)
	if more {
		fmt.Fprintf(w, "<NextContinuationToken>%s</NextContinuationToken>", url.QueryEscape(last))
	}
	fmt.Fprintf(w, "%s</ListBucketResult>", contents.String())
}

func (f *fakeOSS) client() *oss.Client {
	return oss.NewClient(oss.LoadDefaultConfig().WithRegion("cn-hangzhou").
		WithCredentialsProvider(Credentials(imm.StaticCredentials("id", "secret-text", "token-text"))).
		WithHttpClient(&http.Client{Transport: f}))
}

func list(t *testing.T, source bulk.Source, after string) (uris []string, err error) {
	t.Helper()
	for item, failed := range source.Items(t.Context(), after) {
		if failed != nil {
			require.NoError(t, err, "nothing comes behind the error that ends the list")
			require.Empty(t, item.Position)
			err = failed
			continue
		}
		require.Equal(t, "oss://photos/"+item.Position, item.File.URI)
		uris = append(uris, item.Position)
	}
	return uris, err
}

func TestABucketIsListedPageByPage(t *testing.T) {
	t.Parallel()
	keys := []string{"2025/", "2025/a b+c&d.jpg", "2025/ü\t日.jpg", "2025/z.JPG", "2026/", "2026/a.jpg", "2026/b.png"}
	slices.Sort(keys)
	files := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return strings.HasSuffix(key, "/") })
	for pageSize := 1; pageSize <= len(keys)+1; pageSize++ {
		server := &fakeOSS{keys: keys, pageSize: pageSize}
		got, err := list(t, New(server.client(), "photos", Filter{}), "")
		require.NoError(t, err)
		require.Equal(t, files, got)
		require.Len(t, server.requests, (len(keys)+pageSize-1)/pageSize)
		query := server.requests[0].URL.Query()
		require.Equal(t, "1000", query.Get("max-keys"))
		require.False(t, query.Has("delimiter"))
		for i, key := range files {
			got, err := list(t, New(server.client(), "photos", Filter{}), key)
			require.NoError(t, err)
			require.ElementsMatch(t, files[i+1:], got)
		}
	}
}

func TestAFilterChoosesObjects(t *testing.T) {
	t.Parallel()
	keys := []string{"a/1.jpg", "a/2.JPG", "a/3.jpg", "b/4.jpg", "b/5.png"} // a minute apart
	fingerprints := make(map[string]bool)
	for _, tt := range []struct {
		filter Filter
		want   []string
	}{
		{Filter{}, keys},
		{Filter{Prefix: "a/"}, keys[:3]},
		{Filter{Prefix: "c"}, nil},
		{Filter{Suffix: ".jpg"}, []string{"a/1.jpg", "a/3.jpg", "b/4.jpg"}},
		{Filter{ModifiedAfter: noon.Add(time.Minute)}, keys[1:]},
		{Filter{ModifiedAfter: noon.Add(time.Minute + 1)}, keys[2:]},
		{Filter{ModifiedBefore: noon.Add(time.Minute)}, keys[:1]},
		{Filter{ModifiedBefore: noon.Add(time.Minute + 1)}, keys[:2]},
		{Filter{ModifiedAfter: noon, ModifiedBefore: noon.Add(3 * time.Minute), Prefix: "a/", Suffix: "3.jpg"}, keys[2:3]},
	} {
		source := New((&fakeOSS{keys: keys, pageSize: 2}).client(), "photos", tt.filter)
		got, err := list(t, source, "")
		require.NoError(t, err)
		require.Equal(t, tt.want, got, "%+v", tt.filter)
		fingerprint, err := source.Fingerprint(t.Context())
		require.NoError(t, err)
		require.False(t, fingerprints[fingerprint], fingerprint)
		fingerprints[fingerprint] = true
	}
	require.True(t, fingerprints["objects of oss://photos"])
	require.True(t, fingerprints[`objects of oss://photos, prefix "a/", suffix "3.jpg", modified from 2026-11-05T12:00:00Z, modified before 2026-11-05T12:03:00Z`])
}

func TestWhatIsSenselessIsRefusedBeforeARequest(t *testing.T) {
	t.Parallel()
	server := &fakeOSS{}
	for want, source := range map[string]bulk.Source{
		"there is no client":                      New(nil, "photos", Filter{}),
		`"" is no name of a bucket`:               New(server.client(), "", Filter{}),
		`"oss://photos" is no name of a bucket`:   New(server.client(), "oss://photos", Filter{}),
		"ModifiedBefore is not after":             New(server.client(), "photos", Filter{ModifiedAfter: noon, ModifiedBefore: noon}),
		`"photos/2025" is no name of a bucket; w`: New(server.client(), "photos/2025", Filter{}),
	} {
		_, err := source.Fingerprint(t.Context())
		require.ErrorContains(t, err, want)
		_, err = list(t, source, "")
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, server.requests)
}

func xmlError(status int, code, message string) func(int, http.ResponseWriter) bool {
	return func(n int, w http.ResponseWriter) bool {
		if n == 1 {
			return false
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message><RequestId>R1</RequestId></Error>", code, message)
		return true
	}
}

func page(n int, text string) func(int, http.ResponseWriter) bool {
	return func(i int, w http.ResponseWriter) bool {
		if i < n {
			return false
		}
		w.Header().Set("Content-Type", "application/xml")
		_, _ = w.Write([]byte(text))
		return true
	}
}

func TestAListThatFailsSaysWhereAndWhatToDo(t *testing.T) {
	t.Parallel()
	const head = `<ListBucketResult><Name>photos</Name><EncodingType>url</EncodingType>`
	for name, tt := range map[string]struct {
		answer func(int, http.ResponseWriter) bool
		want   string
	}{
		"no bucket": {xmlError(404, "NoSuchBucket", "The specified bucket\n does not exist."),
			`osssource: list oss://photos after "b": NoSuchBucket (HTTP 404): The specified bucket does not exist. [request id R1]; check the name of the bucket`},
		"no permission":  {xmlError(403, "AccessDenied", "no"), "AccessDenied (HTTP 403): no [request id R1]; allow oss:ListObjects on the bucket"},
		"wrong keys":     {xmlError(403, "InvalidAccessKeyId", ""), "InvalidAccessKeyId (HTTP 403) [request id R1]; check the keys of the client"},
		"other":          {xmlError(400, "InvalidArgument", "x"), "InvalidArgument (HTTP 400): x [request id R1]"},
		"overloaded":     {xmlError(503, "ServiceUnavailable", "busy"), "ServiceUnavailable (HTTP 503): busy [request id R1]; try again later"},
		"half an answer": {page(2, head+"<Contents><Key>c</Ke"), "unexpected EOF"},
		"a web page":     {page(2, "<html><body>Sign in</body></html>"), "the answer is no list of this bucket"},
		"nothing":        {page(2, ""), "osssource: list oss://photos after \"b\": "},
		"another bucket": {page(2, "<ListBucketResult><Name>other</Name></ListBucketResult>"), "the answer is no list of this bucket"},
		"a bad escape":   {page(2, head+"<Contents><Key>%zz</Key></Contents></ListBucketResult>"), "invalid URL escape"},
		"the same page again": {page(2, head+"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"+
			"<Contents><Key>b</Key></Contents></ListBucketResult>"), "out of order"},
		"no key":     {page(2, head+"<Contents></Contents></ListBucketResult>"), "out of order"},
		"no token":   {page(2, head+"<IsTruncated>true</IsTruncated><Contents><Key>c</Key></Contents></ListBucketResult>"), "there is more, and not where"},
		"empty page": {page(2, head+"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>"), "there is more, and not where"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &fakeOSS{keys: []string{"a", "b", "c"}, pageSize: 2, answer: tt.answer}
				got, err := list(t, New(server.client(), "photos", Filter{}), "")
				require.Equal(t, []string{"a", "b"}, got)
				require.ErrorContains(t, err, tt.want)
				require.NotContains(t, err.Error(), "\n")
				require.NotContains(t, fmt.Sprintf("%+v", err), "secret-text")
				require.NotContains(t, fmt.Sprintf("%+v", err), "token-text")
				failed, ok := errors.AsType[*ListError](err)
				require.True(t, ok)
				require.Equal(t, "b", failed.After)
				require.Less(t, len(server.requests), 6)
				server.answer = nil // whoever goes on after the last key loses nothing
				got, err = list(t, New(server.client(), "photos", Filter{}), failed.After)
				require.NoError(t, err)
				require.Equal(t, []string{"c"}, got)
			})
		})
	}
}

func TestThrottlingIsRepeatedByTheClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &fakeOSS{keys: []string{"a", "b", "c"}, pageSize: 1}
		server.answer = func(n int, w http.ResponseWriter) bool {
			if n%2 == 1 {
				return false
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		got, err := list(t, New(server.client(), "photos", Filter{}), "")
		require.NoError(t, err)
		require.Equal(t, server.keys, got)
	})
}

func TestAListEndsWithItsContextAndItsLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		server := &fakeOSS{keys: []string{"a", "b"}, pageSize: 1, answer: xmlError(500, "InternalError", "x")}
		start := time.Now()
		var last error
		for _, err := range New(server.client(), "photos", Filter{}).Items(ctx, "") {
			last = err
		}
		require.ErrorIs(t, last, context.DeadlineExceeded)
		require.LessOrEqual(t, time.Since(start), time.Second)

		server = &fakeOSS{keys: []string{"a", "b"}, pageSize: 1}
		for _, err := range New(server.client(), "photos", Filter{}).Items(t.Context(), "") {
			require.NoError(t, err)
			break
		}
		require.Len(t, server.requests, 1)
	})
}

func TestAnObjectWithoutATimeIsOneError(t *testing.T) {
	t.Parallel()
	server := &fakeOSS{answer: page(1, "<ListBucketResult><Name>photos</Name><Contents><Key>a</Key></Contents>"+
		"<Contents><Key>b</Key><LastModified>2026-11-05T12:00:00.000Z</LastModified></Contents></ListBucketResult>")}
	var got []string
	for item, err := range New(server.client(), "photos", Filter{ModifiedAfter: noon}).Items(t.Context(), "") {
		got = append(got, item.Position+" "+strconv.FormatBool(err == nil))
	}
	require.Equal(t, []string{"a false", "b true"}, got)
}

func TestCredentialsAreThoseOfTheProvider(t *testing.T) {
	t.Parallel()
	expires := noon
	keys, err := Credentials(provider{creds: imm.Credentials{AccessKeyID: "i", AccessKeySecret: "s", SecurityToken: "t", Expires: expires}}).GetCredentials(t.Context())
	require.NoError(t, err)
	require.Equal(t, "i s t", keys.AccessKeyID+" "+keys.AccessKeySecret+" "+keys.SecurityToken)
	require.True(t, keys.Expires.Equal(expires))
	keys, err = Credentials(imm.StaticCredentials("i", "s", "")).GetCredentials(t.Context())
	require.NoError(t, err)
	require.Nil(t, keys.Expires)
	broken := errors.New("no keys today")
	server := &fakeOSS{}
	client := oss.NewClient(oss.LoadDefaultConfig().WithRegion("cn-hangzhou").
		WithCredentialsProvider(Credentials(provider{err: broken})).WithHttpClient(&http.Client{Transport: server}))
	_, err = list(t, New(client, "photos", Filter{}), "")
	require.ErrorContains(t, err, "no keys today")
	require.Empty(t, server.requests)
}

type provider struct {
	creds imm.Credentials
	err   error
}

func (p provider) Credentials(context.Context) (imm.Credentials, error) { return p.creds, p.err }

func TestAnErrorIsOneShortLineWhateverTheServerSays(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("猫", 200)
	for said, want := range map[string]string{
		"a\r\n b\tc ":               "a b c",
		"a\x1b[31mb\u0085c":         "a [31mb c",
		"user\u202egpj.exe\u2028b猫": "user gpj.exe b猫",
		long:                        long[:300] + "…",
	} {
		err := &ListError{Bucket: "photos", Err: errors.New(said)}
		require.Equal(t, "osssource: list oss://photos: "+want, err.Error())
		err.Err = &oss.ServiceError{Code: said, StatusCode: 400, Message: said, RequestID: said}
		require.Equal(t, "osssource: list oss://photos: "+want+" (HTTP 400): "+want+" [request id "+want+"]", err.Error())
	}
}
