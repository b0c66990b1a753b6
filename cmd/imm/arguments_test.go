package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnArgumentThatIsNoURIOfAFileIsRefusedBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	many := make([]string, 0, 151)
	for range 150 {
		many = append(many, "oss://b/k")
	}
	many = append(many, "b/k")
	for _, test := range []struct {
		uris  []string
		want  string
		index bool // only what is indexed has to have it
	}{
		{many, `imm: "b/k" is not the URI of a file; want oss://bucket/object`, false},
		{[]string{"oss://b"}, `imm: "oss://b" is not the URI of a file`, false},
		{[]string{"oss://b/"}, `imm: "oss://b/" is not the URI of a file`, false},
		{[]string{"oss://b/k", ""}, `imm: "": it is empty; want oss://bucket/object`, false},
		{[]string{"# oss://b/k"}, `imm: "# oss://b/k" is not the URI of a file`, false},
		{[]string{"oss://b/\xff"}, `is not valid UTF-8`, false},
		{[]string{"oss://*"}, `imm: "oss://*" is not the URI of a file; want oss://bucket/object or pds://domains/{domain}/drives/{drive}/files/{file}/revisions/{revision}; a * matches nothing here`, false},
		{[]string{"pds://domains/d/drives/1/files/f/revisions/r"}, `imm: "pds://domains/d/drives/1/files/f/revisions/r": FileHash: it is empty; a file with a pds URI needs the hash`, true},
	} {
		for _, command := range []string{"index", "get", "update", "delete"} {
			if test.index && command != "index" {
				continue
			}
			f := newFixture(t)
			args := slices.Concat([]string{command}, test.uris, testTarget)
			if command == "update" {
				args = append(args, "--custom-id", "1")
			}
			code, out, errs := f.call(t, args...)
			require.Equal(t, exitUsage, code, "%s %q", command, test.want)
			require.Contains(t, errs, test.want, command)
			require.Empty(t, out)
			require.Empty(t, f.requests(), "nothing is sent, not even the first 100")
		}
	}
}

func TestWhatLooksLikeAPatternIsOneObjectWithAHint(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const hint = "oss://b/photos/*.jpg is one object with this name; a * matches nothing here: name the objects in a list for imm index --from, or have all of a bucket indexed by imm bind.\n"
	code, _, errs := f.index(t, "--yes", "oss://b/1.jpg", "oss://b/photos/*.jpg")
	require.Equal(t, exitDone, code)
	require.Equal(t, hint, errs)
	require.Contains(t, f.handedIn(t), "oss://b/photos/*.jpg")
	code, _, errs = f.index(t, "--yes", "oss://b/1.jpg")
	require.Equal(t, exitDone, code)
	require.Empty(t, errs)
}
