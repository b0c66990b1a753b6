package imm_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestAttachmentsGoOverTheWireAsDocumented(t *testing.T) {
	t.Parallel()
	checkExchanges(t, map[string]exchange{
		"attach": {
			"AttachOSSBucket", `OSSBucket=test-bucket&ProjectName=test-project`, `{"RequestId":"R"}`,
			calling((*imm.Client).AttachOSSBucket, &imm.AttachOSSBucketRequest{ProjectName: project, OSSBucket: "test-bucket"}),
			&imm.AttachOSSBucketResponse{RequestID: "R"},
		},
		"attach with a description": {
			"AttachOSSBucket", `Description=a & b&OSSBucket=test-bucket&ProjectName=test-project`, `{"RequestId":"R"}`,
			calling((*imm.Client).AttachOSSBucket, &imm.AttachOSSBucketRequest{ProjectName: project, OSSBucket: "test-bucket", Description: "a & b"}),
			&imm.AttachOSSBucketResponse{RequestID: "R"},
		},
		"detach": {
			"DetachOSSBucket", `OSSBucket=test-bucket`, `{"RequestId":"R"}`,
			calling((*imm.Client).DetachOSSBucket, &imm.DetachOSSBucketRequest{OSSBucket: "test-bucket"}),
			&imm.DetachOSSBucketResponse{RequestID: "R"},
		},
		"one attachment": {
			"GetOSSBucketAttachment", `OSSBucket=test-bucket`,
			`{"RequestId":"R","ProjectName":"test-project","Description":"d","CreateTime":"2022-07-06T07:03:28.054762739+08:00","UpdateTime":"never"}`,
			calling((*imm.Client).GetOSSBucketAttachment, &imm.GetOSSBucketAttachmentRequest{OSSBucket: "test-bucket"}),
			&imm.GetOSSBucketAttachmentResponse{ProjectName: project, Description: "d", CreateTime: at(), RequestID: "R"},
		},
		"all attachments": {
			"ListAttachedOSSBuckets", `MaxResults=7&NextToken=n&ProjectName=test-project`,
			`{"RequestId":"R","NextToken":"next","AttachedOSSBuckets":[{"OSSBucket":"test-bucket","ProjectName":"test-project","OwnerId":"1",` +
				`"Description":"d","CreateTime":5,"UpdateTime":"2022-07-06T07:03:28.054762739+08:00"}]}`,
			calling((*imm.Client).ListAttachedOSSBuckets, &imm.ListAttachedOSSBucketsRequest{ProjectName: project, MaxResults: 7, NextToken: "n"}),
			&imm.ListAttachedOSSBucketsResponse{RequestID: "R", NextToken: "next", AttachedOSSBuckets: []imm.AttachedOSSBucket{
				{OSSBucket: "test-bucket", ProjectName: project, OwnerID: "1", Description: "d", UpdateTime: at()},
			}},
		},
		"no attachments": {
			"ListAttachedOSSBuckets", `ProjectName=test-project`, `{"RequestId":"R"}`,
			calling((*imm.Client).ListAttachedOSSBuckets, &imm.ListAttachedOSSBucketsRequest{ProjectName: project}),
			&imm.ListAttachedOSSBucketsResponse{RequestID: "R"},
		},
	})
}

func TestAnAttachmentIsReadLeniently(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{}`, `null`, `{"CreateTime":"","UpdateTime":null}`, `{"CreateTime":[],"UpdateTime":"soon"}`, `{"More":1}`} {
		var bucket imm.AttachedOSSBucket
		require.NoError(t, json.Unmarshal([]byte(text), &bucket), text)
		require.Zero(t, bucket, text)
		var attachment imm.GetOSSBucketAttachmentResponse
		require.NoError(t, json.Unmarshal([]byte(text), &attachment), text)
		require.Zero(t, attachment, text)
	}
}
