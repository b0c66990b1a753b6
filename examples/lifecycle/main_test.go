package main

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
)

func TestTheWholeLifeOfAnIndexInTheSafeOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), &out))
		require.Equal(t, `created test-project and in it test-dataset
indexed 38 files
labelled 10 files, found 10: CustomLabels.category eq "Pets"
DeleteDataset is refused: InvalidArgument: The argument DatasetName is invalid: the dataset test-dataset is not empty, it has 38 files and 1 bindings.
DeleteProject is refused: InvalidArgument: The argument ProjectName is invalid: the project test-project is not empty, it has 1 datasets.
deleted 1 binding, 38 files, test-dataset and test-project
`, out.String())
	})
}

func TestADatasetThatIsDeletedAlthoughItIsNotEmptyIsNoticed(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Fault{Action: "DeleteDataset", Body: `{"RequestId":"R"}`})
	require.ErrorContains(t, refused(t.Context(), server.Client(), &bytes.Buffer{}), "want a refusal")
}

func TestALabelThatCouldNotBeSetEndsTheProgram(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
		defer server.Close()
		server.PutObject("test-bucket", "photos/animals/cat.png", []byte("x"))
		client, out := server.Client(), &bytes.Buffer{}
		require.NoError(t, create(t.Context(), client, out))
		require.NoError(t, index(t.Context(), client, out))
		server.Inject(immtest.Fault{
			Action: "BatchUpdateFileMeta",
			Body:   `{"RequestId":"R","Files":[{"URI":"oss://test-bucket/photos/animals/cat.png","Success":false,"Message":"too many labels"}]}`,
		})
		require.ErrorContains(t, update(t.Context(), client, out), "too many labels")
		found, err := find(t.Context(), client, imm.QueryCondition{})
		require.NoError(t, err)
		require.Equal(t, []string{"oss://test-bucket/photos/animals/cat.png"}, found)
	})
}
