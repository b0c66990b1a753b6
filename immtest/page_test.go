package immtest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Of a thousand datasets those that are there from the beginning to the end are
// each listed once and in order, whatever else comes and goes meanwhile.
func TestPagesAreStableWhileThingsComeAndGo(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithProject("test-project", ""))
	name := func(i int) string { return fmt.Sprintf("d%04d", i) }
	for i := range 1000 {
		ask(t, s, "CreateDataset", inDataset("DatasetName", name(2*i)))
	}
	gone := make(map[string]bool)
	var all []string
	params := inProject("MaxResults", "7")
	for n := 0; ; n++ {
		body := ask(t, s, "ListDatasets", params)
		page := names("DatasetName", "Datasets", body)
		all = append(all, page...)
		token := body["NextToken"].(string)
		if token == "" {
			break
		}
		require.Len(t, page, 7)
		params.Set("NextToken", token)
		// The last of the page goes, which the token names, one that was given long
		// ago, and one that would come next; one appears before and one after.
		for _, i := range []int{2 * (7*n + 6), 2 * n, 1998 - 2*n} {
			if r := send(t, s, signed("DeleteDataset", inDataset("DatasetName", name(i)))); r.code() == "" {
				gone[name(i)] = true
			}
		}
		ask(t, s, "CreateDataset", inDataset("DatasetName", fmt.Sprintf("a%04d", n)))
		ask(t, s, "CreateDataset", inDataset("DatasetName", fmt.Sprintf("z%04d", n)))
	}
	require.True(t, slices.IsSorted(all))
	require.Len(t, slices.Compact(slices.Clone(all)), len(all), "nothing is given twice")
	for i := range 1000 {
		if n := name(2 * i); !gone[n] {
			require.Contains(t, all, n)
		}
	}
	require.NotContains(t, all, "a0001", "what is added before the place is not given")
	require.Contains(t, all, "z0001", "what is added behind it is")
}

func TestAPageHasAHundredItemsUnlessACallSaysOtherwise(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithProject("test-project", ""))
	for i := range 201 {
		ask(t, s, "CreateDataset", inDataset("DatasetName", fmt.Sprintf("d%03d", i)))
	}
	for most, want := range map[string]int{"0": 100, "1": 1, "199": 199, "200": 200} {
		body := ask(t, s, "ListDatasets", inProject("MaxResults", most))
		require.Len(t, body["Datasets"], want)
		require.NotEmpty(t, body["NextToken"])
	}
	require.Len(t, ask(t, s, "ListDatasets", inProject())["Datasets"], 100)
	ask(t, s, "DeleteDataset", inDataset("DatasetName", "d200"))
	require.Empty(t, ask(t, s, "ListDatasets", inProject("MaxResults", "200"))["NextToken"], "a last page that is full has no token")
}

func TestATokenThatTheServerDidNotMakeIsRefused(t *testing.T) {
	t.Parallel()
	options := []Option{WithDataset("test-project", "a", ""), WithDataset("test-project", "b", ""), WithDataset("another", "a", ""), WithDataset("another", "b", "")}
	s, other := newServer(t, options...), newServer(t, options...)
	token := ask(t, s, "ListDatasets", inProject("MaxResults", "1"))["NextToken"].(string)
	require.Equal(t, []string{"b"}, names("DatasetName", "Datasets", ask(t, s, "ListDatasets", inProject("NextToken", token))))

	sealed, err := base64.RawURLEncoding.DecodeString(token)
	require.NoError(t, err)
	forged := slices.Clone(sealed)
	forged[len(forged)-1]++
	for _, wrong := range []string{"a", "1", "%", token + "A", token[:10], token[1:], base64.RawURLEncoding.EncodeToString(forged), base64.StdEncoding.EncodeToString(sealed) + "="} {
		require.Contains(t, failsWith(t, s, "InvalidArgument", "ListDatasets", inProject("NextToken", wrong)), "NextToken")
	}
	failsWith(t, s, "InvalidArgument", "ListDatasets", inProject("NextToken", token, "ProjectName", "another"))
	failsWith(t, s, "InvalidArgument", "ListProjects", url.Values{"NextToken": {token}})
	failsWith(t, other, "InvalidArgument", "ListDatasets", inProject("NextToken", token))
}

func FuzzATokenIsTakenOnlyAsItWasMade(f *testing.F) {
	s := NewServer()
	f.Cleanup(s.Close)
	p := pager{server: s, list: []string{"datasets", "test-project"}}
	f.Add(p.token("key"), "key")
	f.Add("", "")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAA", "a")
	f.Fuzz(func(t *testing.T, token, key string) {
		if opened, ok := p.open(token); ok {
			require.Equal(t, p.token(opened), token)
		}
		opened, ok := p.open(p.token(key))
		require.True(t, ok)
		require.Equal(t, key, opened)
		_, ok = (&pager{server: s, list: []string{"datasets", "test", "project"}}).open(p.token(key))
		require.False(t, ok)
	})
}
