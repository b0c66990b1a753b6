package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/imm-go/imm"
)

// job is the main job, the same with the emulator and with the service.
type job struct {
	client                          *imm.Client
	project, dataset, bucket, topic string
	poll                            time.Duration // between two looks at what goes on
	out                             io.Writer
}

func (j *job) printf(format string, args ...any) { fmt.Fprintf(j.out, format, args...) }

func (j *job) uri(key string) string { return "oss://" + j.bucket + "/" + key }

// missingKey is the key of an object that nobody has.
const missingKey = "photos/missing.jpg"

// batch is what is indexed by name: files with labels, which a scan of the
// bucket could not know, and one that does not exist.
func (j *job) batch() []imm.InputFile {
	label := func(category string) map[string]string { return map[string]string{"category": category} }
	return []imm.InputFile{
		{URI: j.uri("photos/animals/cat at home.jpg"), CustomLabels: label("Pets")},
		{URI: j.uri("photos/animals/猫.jpg"), CustomLabels: label("Pets")},
		{URI: j.uri("photos/2024/birthday cake.jpg"), CustomLabels: map[string]string{"category": "Family", "year": "2024"}},
		{URI: j.uri("photos/landscapes/西湖.jpg"), CustomLabels: label("Travel")},
		{URI: j.uri(missingKey), CustomLabels: label("Travel")},
	}
}

// createBinding binds the bucket.
func (j *job) createBinding(ctx context.Context) error {
	j.printf("CreateBinding: oss://%s to DatasetName %s of ProjectName %s\n", j.bucket, j.dataset, j.project)
	created, err := j.client.CreateBinding(ctx, &imm.CreateBindingRequest{
		ProjectName: j.project, DatasetName: j.dataset, URI: "oss://" + j.bucket,
	})
	if err == nil {
		j.printf("  RequestId %s\n", created.RequestID)
	}
	return err
}

// follow prints each state and phase of the binding until everything in the
// bucket is indexed. Client.WaitBinding is the same in one call, for programs
// that need not show what happens meanwhile.
func (j *job) follow(ctx context.Context) error {
	start := time.Now()
	var last imm.Binding
	for {
		got, err := j.client.GetBinding(ctx, &imm.GetBindingRequest{
			ProjectName: j.project, DatasetName: j.dataset, URI: "oss://" + j.bucket,
		})
		if err != nil {
			return err
		}
		b := got.Binding
		if b.State != last.State || b.Phase != last.Phase {
			phase := cmp.Or(string(b.Phase), `""`)
			j.printf("  %5.1f s  State %-8s  Phase %s\n", time.Since(start).Seconds(), b.State, phase)
		}
		switch {
		case b.State == imm.StateRunning && b.Phase == imm.PhaseIncrementalScanning:
			return nil
		case b.State == imm.StateFailed, b.State == imm.StateStopped, b.State == imm.StateDeleted:
			return &imm.BindingError{Binding: b}
		}
		last = b
		if err := pause(ctx, j.poll); err != nil {
			return err
		}
	}
}

// batchIndex has the files of the batch indexed; the answer comes before the
// work is done.
func (j *job) batchIndex(ctx context.Context) (*imm.BatchIndexFileMetaResponse, error) {
	files := j.batch()
	j.printf("\nBatchIndexFileMeta: %d files with labels, one of which does not exist\n", len(files))
	accepted, err := j.client.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
		ProjectName: j.project, DatasetName: j.dataset, Files: files,
		Notification: imm.Notification{MNS: imm.MNS{TopicName: j.topic}},
	})
	if err == nil {
		j.printf("  RequestId %s\n  EventId %s\n", accepted.RequestID, accepted.EventID)
	}
	return accepted, err
}

// file is what a dataset has of one file: the part of it that is shown here.
type file imm.File

// readBack asks the dataset for files. Those that are not in the dataset are not
// in the answer either.
func (j *job) readBack(ctx context.Context, uris []string) (map[string]file, error) {
	got, err := j.client.BatchGetFileMeta(ctx, &imm.BatchGetFileMetaRequest{
		ProjectName: j.project, DatasetName: j.dataset, URIs: uris, // up to 100
		WithFields: []string{"URI", "Size", "ImageWidth", "ImageHeight", "CustomLabels", "ObjectStatus", "Reason"},
	})
	if err != nil {
		return nil, err
	}
	files := make(map[string]file, len(got.Files))
	for _, f := range got.Files {
		files[f.URI] = file(f)
	}
	return files, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
