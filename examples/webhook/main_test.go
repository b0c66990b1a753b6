package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheHookLearnsOfEachFileAndTrustsNoForgery(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `oss://test-bucket/photos/animals/cat.jpg indexed
oss://test-bucket/photos/landscapes/西湖.jpg indexed
oss://test-bucket/photos/missing.jpg failed [InvalidArgument] File does not exist.
a push without a signature: 403 Forbidden
`, out.String())
}
