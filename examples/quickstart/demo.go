package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the formats of the sample files
	_ "image/png"  // likewise
	"io"
	"io/fs"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/examples"
	"github.com/imm-go/imm/immtest"
)

// demoTime is far more than the demo takes, and ends it if a message is lost.
const demoTime = time.Minute

// demo runs the job against the emulator and checks what comes out.
func demo(ctx context.Context, out io.Writer) error {
	photos, err := readPhotos()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, demoTime)
	defer cancel()
	server := immtest.NewServer(immtest.WithBucket("test-bucket", examples.Photos))
	defer server.Close()
	j := &job{
		client: server.Client(), project: "test-project", dataset: "test-dataset", bucket: "test-bucket", topic: "test-topic",
		poll: 20 * time.Millisecond, out: out,
	}
	j.printf("The emulator runs in this process; its bucket oss://%s has the %d files of examples/photos.\nNothing leaves this machine.\n\n", j.bucket, len(photos))

	if err := j.createBinding(ctx); err != nil {
		return err
	}
	if err := j.follow(ctx); err != nil {
		return err
	}
	accepted, err := j.batchIndex(ctx)
	if err != nil {
		return err
	}
	message, err := j.waitMessage(ctx, server)
	if err != nil {
		return err
	}
	uris := sampleURIs(j, photos)
	found, err := j.readBack(ctx, uris)
	if err != nil {
		return err
	}
	all := rows(uris, found, message)
	j.printf("\n")
	printTable(out, all)
	good := 0
	for _, r := range all {
		if r.outcome == indexed {
			good++
		}
	}
	j.printf("\n%d of %d files are indexed.\nRequestId %s\nEventId %s\n", good, len(all), accepted.RequestID, accepted.EventID)
	if err := check(j, photos, all, message); err != nil {
		return err
	}
	j.printf("%s", howToUseTheService)
	return nil
}

const howToUseTheService = `
The same with the service, in a project and a dataset that exist:

  ossutil cp -r examples/photos oss://BUCKET/photos/
  go run ./examples/quickstart -region cn-hangzhou -project PROJECT -dataset DATASET -bucket BUCKET -topic TOPIC -yes

It costs money: binding a bucket has every object in it indexed, and is billed in proportion to their
number. Without -yes nothing is sent. The keys come from the environment (ALIBABA_CLOUD_ACCESS_KEY_ID and
ALIBABA_CLOUD_ACCESS_KEY_SECRET), a profile of the aliyun command line, or the role of an ECS instance.
`

// waitMessage receives the message with the outcome of each file of the batch.
func (j *job) waitMessage(ctx context.Context, server *immtest.Server) (*imm.IndexMessage, error) {
	data, err := server.WaitMessage(ctx, j.topic)
	if err != nil {
		return nil, err
	}
	message, err := imm.ParseIndexMessage(data)
	if err != nil {
		return nil, err
	}
	j.printf("Message on TopicName %s: Success %t, %d of %d files failed\n", j.topic, message.Success, len(message.Failed()), len(message.Files))
	return message, nil
}

// photo is a sample file as it is on disk.
type photo struct {
	key  string
	size int64
	dims image.Point // zero for what is not an image that can be read
}

func readPhotos() ([]photo, error) {
	var photos []photo
	err := fs.WalkDir(examples.Photos, ".", func(key string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := examples.Photos.ReadFile(key)
		if err != nil {
			return err
		}
		p := photo{key: key, size: int64(len(data))}
		if config, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil {
			p.dims = image.Pt(config.Width, config.Height)
		}
		photos = append(photos, p)
		return nil
	})
	return photos, err
}

// sampleURIs are those of the sample files and of the one that does not exist.
func sampleURIs(j *job, photos []photo) []string {
	uris := []string{}
	for _, p := range photos {
		uris = append(uris, j.uri(p.key))
	}
	return append(uris, j.uri(missingKey))
}

// check holds the outcome against the files themselves. Its error names all that
// is not as promised.
func check(j *job, photos []photo, all []row, message *imm.IndexMessage) error {
	var wrong []error
	fail := func(uri, format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("not as promised: %s: %s", uri, fmt.Sprintf(format, args...)))
	}
	byURI := map[string]row{}
	for _, r := range all {
		byURI[r.URI] = r
	}
	for _, p := range photos {
		r := byURI[j.uri(p.key)]
		dims := image.Pt(int(r.ImageWidth), int(r.ImageHeight))
		switch {
		case r.outcome != indexed:
			fail(j.uri(p.key), "it exists and is not indexed: %s", r.outcome)
		case r.Size != p.size:
			fail(j.uri(p.key), "its size is %d bytes, not %d", p.size, r.Size)
		case dims != p.dims:
			fail(j.uri(p.key), "it has %v pixels, not %v", p.dims, dims)
		}
	}
	reported := map[string]string{}
	for _, f := range message.Files {
		reported[f.URI] = f.Error
	}
	for _, f := range j.batch() {
		reason, ok := reported[f.URI]
		switch missing := f.URI == j.uri(missingKey); {
		case !ok:
			fail(f.URI, "the message does not name it")
		case missing && reason == "":
			fail(f.URI, "it does not exist, and the message reports no error")
		}
	}
	return errors.Join(wrong...)
}
