package main

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestTheOtherOperationsAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), &out))
		require.Equal(t, `test-project (photos): test-dataset (animals)
oss://test-bucket/photos/animals/cat.jpg cat-1 map[category:Pets] 400x400 11051 bytes
fuzzy: oss://test-bucket/photos/animals/cat.jpg
semantic: oss://test-bucket/photos/animals/cat.jpg
FigureClustering test-task Running
test-task 50 %
test-bucket is attached to test-project
one of 20 regions: China (Hangzhou)
`, out.String())
	})
}
