package immtest

import (
	"strings"
	"time"
)

// ownerID is the account in whose name everything is, as in the events of
// messages.
const ownerID = "1000000000000000"

// attachment is that of a bucket to a project. It does not change.
type attachment struct {
	project     string
	description string
	created     time.Time
}

type attachmentAnswer struct {
	RequestID                string `json:"RequestId"`
	ProjectName, Description string
	CreateTime, UpdateTime   time.Time
}

type attachmentsAnswer struct {
	RequestID          string `json:"RequestId"`
	NextToken          string
	AttachedOSSBuckets []attachmentBody
}

type attachmentBody struct {
	OSSBucket, ProjectName, Description string
	OwnerID                             string `json:"OwnerId"`
	CreateTime, UpdateTime              time.Time
}

// bucketName is the value of OSSBucket.
func (a *arguments) bucketName() string {
	name := a.required("OSSBucket")
	if strings.ContainsAny(name, ":/") {
		a.refuse(invalidArgument("OSSBucket", "it is the name of a bucket, without oss:// and without an object"))
	}
	return name
}

// attachOSSBucket attaches a bucket that exists to a project that exists, unless
// the bucket is attached already, be it to the same project.
func (s *Server) attachOSSBucket(c *call) (any, *failure) {
	projectName, bucketName, description := c.name("ProjectName"), c.bucketName(), c.text("Description")
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, f := s.project(projectName); f != nil {
		return nil, f
	}
	if s.buckets[bucketName] == nil {
		return nil, notFound("Bucket", bucketName)
	}
	if s.attachments[bucketName] != nil {
		return nil, alreadyExists("Attachment", bucketName)
	}
	s.attachments[bucketName] = &attachment{project: projectName, description: description, created: c.now}
	return emptyAnswer{c.requestID}, nil
}

func (s *Server) detachOSSBucket(c *call) (any, *failure) {
	name := c.bucketName()
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.attachments[name] == nil {
		return nil, notFound("Attachment", name)
	}
	delete(s.attachments, name)
	return emptyAnswer{c.requestID}, nil
}

func (s *Server) getOSSBucketAttachment(c *call) (any, *failure) {
	name := c.bucketName()
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.attachments[name]
	if a == nil {
		return nil, notFound("Attachment", name)
	}
	return attachmentAnswer{
		RequestID: c.requestID, ProjectName: a.project, Description: a.description,
		CreateTime: a.created, UpdateTime: a.created,
	}, nil
}

// attachedTo are the buckets that are attached to a project, in no order. The
// caller holds s.mu.
func (s *Server) attachedTo(projectName string) []string {
	var names []string
	for name, a := range s.attachments {
		if a.project == projectName {
			names = append(names, name)
		}
	}
	return names
}

func (s *Server) listAttachedOSSBuckets(c *call) (any, *failure) {
	projectName := c.name("ProjectName")
	pager := s.pager(c, maxPage, "attachments", projectName)
	if c.failed != nil {
		return nil, c.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, f := s.project(projectName); f != nil {
		return nil, f
	}
	out := attachmentsAnswer{RequestID: c.requestID, AttachedOSSBuckets: []attachmentBody{}}
	names, next := pager.page(s.attachedTo(projectName))
	out.NextToken = next
	for _, name := range names {
		a := s.attachments[name]
		out.AttachedOSSBuckets = append(out.AttachedOSSBuckets, attachmentBody{
			OSSBucket: name, ProjectName: a.project, Description: a.description, OwnerID: ownerID,
			CreateTime: a.created, UpdateTime: a.created,
		})
	}
	return out, nil
}
