package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
)

// WithLabels is the source with custom labels for each of its files. A label that
// a file has itself stays. The labels are a part of the fingerprint: a journal of
// the list with other labels is one of other work. They are copied.
func WithLabels(source Source, labels map[string]string) Source {
	if len(labels) == 0 {
		return source
	}
	return &labelled{source, maps.Clone(labels)}
}

type labelled struct {
	source Source
	labels map[string]string
}

func (l *labelled) Fingerprint(ctx context.Context) (string, error) {
	fingerprint, err := l.source.Fingerprint(ctx)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(l.labels) // in the order of the names
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%s, with labels of SHA-256 %x", fingerprint, sum[:16]), nil
}

func (l *labelled) Items(ctx context.Context, after string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for item, err := range l.source.Items(ctx, after) {
			if err == nil {
				labels := maps.Clone(l.labels)
				maps.Copy(labels, item.File.CustomLabels)
				item.File.CustomLabels = labels
			}
			if !yield(item, err) {
				return
			}
		}
	}
}
