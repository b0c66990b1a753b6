// Package osssource lists the objects of an OSS bucket as a source of package bulk,
// with the published SDK of OSS.
package osssource

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	"github.com/imm-go/imm/bulk"
)

// Filter chooses objects. The zero value is all of them.
type Filter struct {
	Prefix string // of keys; OSS lists no others
	Suffix string // of keys, in upper and lower case as it stands here

	// Objects that were changed last at ModifiedAfter or later, and before
	// ModifiedBefore. OSS keeps whole seconds. The zero time is no limit.
	ModifiedAfter, ModifiedBefore time.Time
}

// pageSize is the most that OSS lists at once.
const pageSize = 1000

// New is a bulk.Source of the objects of a bucket that the filter chooses. The
// client is the caller's; it repeats requests as it was told to. Keys that end in a
// slash, which stand for folders, are left out.
//
// A position is a key, and objects come in the order of their keys, so a list goes
// on at once, and finds objects that are new behind the position. The fingerprint
// is the bucket and the filter. A request that fails ends the list with a
// *ListError. Listing costs a request for each 1,000 objects that have the prefix.
//
// https://www.alibabacloud.com/help/en/oss/developer-reference/listobjectsv2
func New(client *oss.Client, bucket string, filter Filter) bulk.Source {
	return &source{client, bucket, filter}
}

type source struct {
	client *oss.Client
	bucket string
	filter Filter
}

func (s *source) Fingerprint(context.Context) (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	text := "objects of oss://" + s.bucket
	if s.filter.Prefix != "" {
		text += fmt.Sprintf(", prefix %q", s.filter.Prefix)
	}
	if s.filter.Suffix != "" {
		text += fmt.Sprintf(", suffix %q", s.filter.Suffix)
	}
	if !s.filter.ModifiedAfter.IsZero() {
		text += ", modified from " + s.filter.ModifiedAfter.UTC().Format(time.RFC3339Nano)
	}
	if !s.filter.ModifiedBefore.IsZero() {
		text += ", modified before " + s.filter.ModifiedBefore.UTC().Format(time.RFC3339Nano)
	}
	return text, nil
}

func (s *source) check() error {
	switch {
	case s.client == nil:
		return errors.New("osssource: there is no client; want one of oss.NewClient")
	case s.bucket == "" || strings.ContainsAny(s.bucket, "/:"):
		return fmt.Errorf("osssource: %q is no name of a bucket; want it without oss:// and without a key", s.bucket)
	case !s.filter.ModifiedAfter.IsZero() && !s.filter.ModifiedBefore.IsZero() && !s.filter.ModifiedBefore.After(s.filter.ModifiedAfter):
		return errors.New("osssource: ModifiedBefore is not after ModifiedAfter, so no object can be between them")
	}
	return nil
}

// Items yields the objects with keys behind after.
func (s *source) Items(ctx context.Context, after string) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		for object, err := range s.objects(ctx, after) {
			if err != nil {
				yield(bulk.Item{}, err)
				return
			}
			chosen, err := s.chooses(object)
			if err == nil && !chosen {
				continue
			}
			item := bulk.Item{Position: *object.Key}
			if err == nil {
				item.File.URI = "oss://" + s.bucket + "/" + *object.Key
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// objects lists everything with the prefix. Keys are there, and in order: a list
// whose keys come again has no end.
func (s *source) objects(ctx context.Context, after string) iter.Seq2[*oss.ObjectProperties, error] {
	return func(yield func(*oss.ObjectProperties, error) bool) {
		if err := s.check(); err != nil {
			yield(nil, err)
			return
		}
		request := &oss.ListObjectsV2Request{Bucket: &s.bucket, MaxKeys: pageSize}
		if s.filter.Prefix != "" {
			request.Prefix = &s.filter.Prefix
		}
		if after != "" {
			request.StartAfter = &after
		}
		last := after
		for pages := s.client.NewListObjectsV2Paginator(request); pages.HasNext(); {
			page, err := pages.NextPage(ctx)
			if err == nil {
				err = s.checkPage(page)
			}
			if err != nil {
				yield(nil, s.explain(ctx, last, err))
				return
			}
			for i := range page.Contents {
				object := &page.Contents[i]
				if object.Key == nil || *object.Key <= last || !strings.HasPrefix(*object.Key, s.filter.Prefix) {
					yield(nil, s.explain(ctx, last, errors.New("the answer has a key that is out of order or without the prefix")))
					return
				}
				last = *object.Key
				if !yield(object, nil) {
					return
				}
			}
		}
	}
}

// checkPage wants a list of this bucket: the SDK takes other XML, such as a web
// page, for an empty one.
func (s *source) checkPage(page *oss.ListObjectsV2Result) error {
	if page.Name == nil || *page.Name != s.bucket {
		return errors.New("the answer is no list of this bucket; check the client's endpoint, and what is between it and OSS")
	}
	if page.IsTruncated && (len(page.Contents) == 0 || page.NextContinuationToken == nil || *page.NextContinuationToken == "") {
		return errors.New("the answer says that there is more, and not where")
	}
	return nil
}

func (s *source) chooses(object *oss.ObjectProperties) (bool, error) {
	key := *object.Key
	if strings.HasSuffix(key, "/") || !strings.HasSuffix(key, s.filter.Suffix) {
		return false, nil
	}
	if s.filter.ModifiedAfter.IsZero() && s.filter.ModifiedBefore.IsZero() {
		return true, nil
	}
	if object.LastModified == nil {
		return false, fmt.Errorf("osssource: oss://%s/%s has no time of its last change, so the filter cannot be applied", s.bucket, key)
	}
	return (s.filter.ModifiedAfter.IsZero() || !object.LastModified.Before(s.filter.ModifiedAfter)) &&
		(s.filter.ModifiedBefore.IsZero() || object.LastModified.Before(s.filter.ModifiedBefore)), nil
}
