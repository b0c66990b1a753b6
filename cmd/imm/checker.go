package main

import (
	"context"
	"errors"
	"strings"

	"github.com/imm-go/imm"
)

// checker tells what the client would refuse to send. It sends nothing, because its
// context has ended before it begins.
type checker struct {
	client *imm.Client
	ended  context.Context
}

func newChecker() (*checker, error) {
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("none", "none", ""))
	if err != nil {
		return nil, err
	}
	ended, end := context.WithCancel(context.Background())
	end()
	return &checker{client, ended}, nil
}

// file says what is wrong with a file; nil if it can be sent.
func (c *checker) file(f imm.InputFile) error {
	_, err := c.client.BatchIndexFileMeta(c.ended, &imm.BatchIndexFileMetaRequest{
		ProjectName: "any", DatasetName: "any", Files: []imm.InputFile{f},
	})
	return refusal(f.URI, err)
}

// uri says what is wrong with the URI of a file that is in a dataset.
func (c *checker) uri(uri string) error {
	_, err := c.client.BatchGetFileMeta(c.ended, &imm.BatchGetFileMetaRequest{
		ProjectName: "any", DatasetName: "any", URIs: []string{uri},
	})
	return refusal(uri, err)
}

// refusal is what the client said of a file, without the place that the file had in
// a request which nobody has seen.
func refusal(uri string, err error) error {
	wrong, ok := errors.AsType[*imm.ValidationError](err)
	if !ok {
		return nil
	}
	_, field, _ := strings.Cut(wrong.Field, "].")
	text := wrong.Reason
	if field != "" && field != "URI" {
		text = field + ": " + text
	}
	if !strings.HasPrefix(text, quote(uri)) {
		text = quote(uri) + ": " + text
	}
	return errors.New(text)
}
