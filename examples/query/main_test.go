package main

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestTheImagesAreFoundCountedAndGrouped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), &out))
		require.Equal(t, `38 files handed in, 0 not indexed

and(MediaType eq "image", ImageWidth gt "100", ProduceTime gte "2025-01-01T00:00:00Z", ProduceTime lt "2026-01-01T00:00:00Z", CustomLabels.source eq "camera")
  oss://test-bucket/photos/2025/IMG_0101.jpg  640x360  2025-07-01
  oss://test-bucket/photos/2025/IMG_0103.jpeg  320x320  2025-07-01
  oss://test-bucket/photos/2025/IMG_0102.jpg  300x400  2025-07-01
  oss://test-bucket/photos/2025/IMG_0104.png  128x128  2025-07-01
count of URI: 4
average of ImageWidth: 347
group of ContentType: image/jpeg 3
group of ContentType: image/png 1
`, out.String())
	})
}

func TestOnlyFoldersNamedAfterAYearTellWhenAFileWasTaken(t *testing.T) {
	t.Parallel()
	require.Equal(t, 2024, input("photos/2024/scan 0001.png").ProduceTime.Year())
	require.Equal(t, map[string]string{"source": "scanner"}, input("photos/2024/scan 0001.png").CustomLabels)
	require.Zero(t, input("photos/animals/cat.jpg").ProduceTime)
	require.Zero(t, input("photos/notes.txt").ProduceTime)
}
