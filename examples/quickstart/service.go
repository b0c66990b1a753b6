package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/imm-go/imm"
)

const (
	// servicePoll is how often the service is asked how far it is.
	servicePoll = 5 * time.Second
	// serviceReads is how often the dataset is read until it has the labels.
	serviceReads = 12
)

// service runs the job against the service. It cannot know what the bucket has,
// so it shows what comes out and checks nothing.
func service(ctx context.Context, client *imm.Client, s settings, out io.Writer) error {
	photos, err := readPhotos()
	if err != nil {
		return err
	}
	j := &job{
		client: client, project: s.project, dataset: s.dataset, bucket: s.bucket, topic: s.topic,
		poll: servicePoll, out: out,
	}
	j.printf("Note: %s.\n\n", warning(s.bucket))
	err = j.createBinding(ctx)
	if errors.Is(err, imm.ErrAlreadyExists) {
		j.printf("  the bucket is bound already\n")
	} else if err != nil {
		return err
	}
	j.printf("  The binding stays after this run, interrupted or not, until DeleteBinding ends it.\n")
	if err := j.follow(ctx); err != nil {
		return err
	}
	if _, err := j.batchIndex(ctx); err != nil {
		return err
	}
	where := "No topic was named, so no message tells the outcome."
	if s.topic != "" {
		where = "The outcome of each file goes to TopicName " + s.topic + ". This SDK cannot receive it from there yet;\n" +
			"give what you receive to imm.ParseIndexMessage."
	}
	j.printf("The files were accepted, and are indexed later. %s\nBatchGetFileMeta: what the dataset has of the sample files\n\n", where)

	uris := sampleURIs(j, photos)
	found, err := j.readBack(ctx, uris)
	for reads := 1; err == nil && !j.labelled(found) && reads < serviceReads; reads++ {
		if err = pause(ctx, j.poll); err == nil {
			found, err = j.readBack(ctx, uris)
		}
	}
	if err != nil {
		return err
	}
	printTable(out, rows(uris, found, nil))
	return nil
}

// labelled reports whether the files of the batch have their labels, all but the
// one that does not exist.
func (j *job) labelled(found map[string]file) bool {
	for _, f := range j.batch() {
		if f.URI != j.uri(missingKey) && len(found[f.URI].CustomLabels) == 0 {
			return false
		}
	}
	return true
}
