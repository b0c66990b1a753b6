package immtest

import (
	"fmt"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestABucketIsAttachedToOneProject(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithProject("test-project", ""), WithProject("another", ""), WithBucket("test-bucket", nil))
		bucket := url.Values{"OSSBucket": {"test-bucket"}}
		failsWith(t, s, "ResourceNotFound", "GetOSSBucketAttachment", bucket)
		failsWith(t, s, "ResourceNotFound", "DetachOSSBucket", bucket)
		at := time.Now().In(location).Format(time.RFC3339Nano)
		require.Len(t, ask(t, s, "AttachOSSBucket", inProject("OSSBucket", "test-bucket", "Description", "d")), 1)
		body := ask(t, s, "GetOSSBucketAttachment", bucket)
		delete(body, "RequestId")
		require.Equal(t, map[string]any{"ProjectName": "test-project", "Description": "d", "CreateTime": at, "UpdateTime": at}, body)
		for _, project := range []string{"test-project", "another"} {
			failsWith(t, s, "ResourceAlreadyExists", "AttachOSSBucket", inProject("ProjectName", project, "OSSBucket", "test-bucket"))
		}
		require.Equal(t, []string{"test-bucket"}, get[controlState](t, s, "state?project=test-project").Projects[0].AttachedOSSBuckets)
		require.Len(t, ask(t, s, "DetachOSSBucket", bucket), 1)
		failsWith(t, s, "ResourceNotFound", "DetachOSSBucket", bucket)
		ask(t, s, "AttachOSSBucket", inProject("ProjectName", "another", "OSSBucket", "test-bucket"))
		s.Reset()
		failsWith(t, s, "ResourceNotFound", "GetOSSBucketAttachment", bucket)
	})
}

func TestWhatIsNotThereIsNotAttached(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithProject("test-project", ""), WithBucket("test-bucket", nil))
	require.Contains(t, failsWith(t, s, "ResourceNotFound", "AttachOSSBucket", inProject("OSSBucket", "none")), "Bucket none")
	none := inProject("ProjectName", "none", "OSSBucket", "test-bucket")
	require.Contains(t, failsWith(t, s, "ResourceNotFound", "AttachOSSBucket", none), "Project none")
	failsWith(t, s, "ResourceNotFound", "ListAttachedOSSBuckets", inProject("ProjectName", "none"))
	for _, wrong := range []string{"oss://test-bucket", "test-bucket/a"} {
		failsWith(t, s, "InvalidArgument", "AttachOSSBucket", inProject("OSSBucket", wrong))
		failsWith(t, s, "InvalidArgument", "DetachOSSBucket", inProject("OSSBucket", wrong))
		failsWith(t, s, "InvalidArgument", "GetOSSBucketAttachment", inProject("OSSBucket", wrong))
	}
	failsWith(t, s, "MissingOSSBucket", "AttachOSSBucket", inProject())
	failsWith(t, s, "MissingOSSBucket", "DetachOSSBucket", nil)
	failsWith(t, s, "MissingOSSBucket", "GetOSSBucketAttachment", nil)
}

func TestAttachedBucketsAreListedInPages(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithProject("test-project", ""), WithProject("another", ""))
	var want []string
	for i := range 5 {
		bucket := fmt.Sprintf("bucket-%d", i)
		s.PutObject(bucket, "k", nil)
		if i == 3 {
			ask(t, s, "AttachOSSBucket", inProject("ProjectName", "another", "OSSBucket", bucket))
			continue
		}
		ask(t, s, "AttachOSSBucket", inProject("OSSBucket", bucket))
		want = append(want, bucket)
	}
	first := ask(t, s, "ListAttachedOSSBuckets", inProject("MaxResults", "3"))
	one := first["AttachedOSSBuckets"].([]any)[0].(map[string]any)
	require.Equal(t, "test-project", one["ProjectName"])
	require.Equal(t, "1000000000000000", one["OwnerId"])
	ask(t, s, "DetachOSSBucket", url.Values{"OSSBucket": {"bucket-2"}})
	last := ask(t, s, "ListAttachedOSSBuckets", inProject("MaxResults", "3", "NextToken", first["NextToken"].(string)))
	require.Empty(t, last["NextToken"])
	require.Equal(t, want, append(names("OSSBucket", "AttachedOSSBuckets", first), names("OSSBucket", "AttachedOSSBuckets", last)...))
}
