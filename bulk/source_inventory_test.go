package bulk

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const inventoryFolder = "reports/src/daily/2026-11-05T16-00Z/"

// inventoryReport is a folder with a manifest and list files, as OSS lays them out. The MD5
// is in upper case, as OSS writes it.
func inventoryReport(t testing.TB, schema string, lists ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	var files []map[string]any
	for i, list := range lists {
		data := gzipped(t, list)
		sum := md5.Sum([]byte(data))
		key := "reports/src/daily/data/f7-" + string(rune('0'+i)) + ".csv.gz"
		fsys[key] = &fstest.MapFile{Data: []byte(data)}
		files = append(files, map[string]any{"key": key, "size": len(data), "MD5checksum": strings.ToUpper(hex.EncodeToString(sum[:]))})
	}
	manifest, err := json.Marshal(map[string]any{
		"creationTimestamp": "1762358400", "destinationBucket": "dst", "fileFormat": "CSV", "fileSchema": schema,
		"files": files, "sourceBucket": "src", "version": "2019-09-01",
	})
	require.NoError(t, err)
	fsys[inventoryFolder+"manifest.json"] = &fstest.MapFile{Data: manifest}
	return fsys
}

func TestAnInventoryReportYieldsItsObjects(t *testing.T) {
	t.Parallel()
	fsys := inventoryReport(t, "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size",
		`"src","photos/","","","","0"`+"\n"+
			`"src","photos/a%20b%2Bc+d%2F%E6%97%A5.jpg","v1","true","false","7"`+"\n"+
			`src,gone.jpg,v2,true,true,0`+"\n"+
			`src,old.jpg,v1,FALSE,FALSE,7`+"\n\n"+
			`src,old.jpg,v2,True,False,7`+"\r\n",
		"",
		`src,%zz,,,,`+"\n"+`src,,,,,`+"\n"+`other,a,,,,`+"\n"+`src,a,,maybe,,`+"\n"+`src,a`+"\n"+`src,"a,,,,`+"\n"+`src,last,,,,`)
	manifest := inventoryFolder + "manifest.json"
	got := shown(readSource(t, Inventory(fsys, manifest), ""))
	require.Equal(t, []string{
		"oss://src/photos/a b+c d/日.jpg",
		"oss://src/old.jpg",
		`BAD reports/src/daily/data/f7-2.csv.gz:1:5: the key "%zz" is not URL-encoded`,
		`BAD reports/src/daily/data/f7-2.csv.gz:2:5: the key "" is not URL-encoded`,
		`BAD reports/src/daily/data/f7-2.csv.gz:3:1: the bucket is "other", and that of the report src`,
		`BAD reports/src/daily/data/f7-2.csv.gz:4:8: "maybe" is neither true nor false`,
		`BAD reports/src/daily/data/f7-2.csv.gz:5: 2 values, and the fileSchema names 6`,
		`BAD reports/src/daily/data/f7-2.csv.gz:6:5: the quote is not closed in this line; a value cannot hold a line break`,
		"oss://src/last",
	}, got)
	requireResumable(t, func() Source { return Inventory(fsys, manifest) })

	// The folder alone, and everything in one folder.
	alone, flat := fstest.MapFS{}, fstest.MapFS{}
	for name, file := range fsys {
		alone[strings.TrimPrefix(name, "reports/src/daily/")] = file
		flat[name[strings.LastIndex(name, "/")+1:]] = file
	}
	require.Equal(t, got, shown(readSource(t, Inventory(alone, "2026-11-05T16-00Z/manifest.json"), "")))
	require.Equal(t, got, shown(readSource(t, Inventory(flat, "manifest.json"), "")))

	fingerprint, err := Inventory(fsys, manifest).Fingerprint(t.Context())
	require.NoError(t, err)
	same, err := Inventory(flat, "manifest.json").Fingerprint(t.Context())
	require.NoError(t, err)
	require.Equal(t, fingerprint, same)
	other, err := Inventory(inventoryReport(t, "Key", "a"), manifest).Fingerprint(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, fingerprint, other)
	require.Contains(t, fingerprint, "OSS inventory of src, ")
}

func TestAnInventoryWithoutVersionsHasAllItsKeys(t *testing.T) {
	t.Parallel()
	fsys := inventoryReport(t, "Key,ETag", "a,1\nb%2Fc,2\n", "d,3")
	require.Equal(t, []string{"oss://src/a", "oss://src/b/c", "oss://src/d"},
		shown(readSource(t, Inventory(fsys, inventoryFolder+"manifest.json"), "")))
}

func TestAnInventoryThatIsNotWholeEndsTheList(t *testing.T) {
	t.Parallel()
	manifest := inventoryFolder + "manifest.json"
	second := "reports/src/daily/data/f7-1.csv.gz"
	set := func(name, text string) func(fstest.MapFS) {
		return func(fsys fstest.MapFS) { fsys[name] = &fstest.MapFile{Data: []byte(text)} }
	}
	for name, tt := range map[string]struct {
		change func(fstest.MapFS)
		before []string
		want   string
	}{
		"a list file is missing": {func(fsys fstest.MapFS) { delete(fsys, second) }, []string{"oss://src/a"}, "f7-1.csv.gz of the inventory was not found"},
		"a list file is another": {set(second, gzipped(t, "x")), []string{"oss://src/a"}, "download the list file again"},
		"a list file is short":   {set(second, "\x1f\x8b"), []string{"oss://src/a"}, "download the list file again"},
		"no manifest":            {func(fsys fstest.MapFS) { delete(fsys, manifest) }, nil, "open the manifest of the inventory: open " + manifest},
		"a web page":             {set(manifest, "<html>"), nil, "is no manifest of an OSS inventory: invalid character '<'"},
		"an empty manifest":      {set(manifest, ""), nil, "unexpected end of JSON input"},
		"no bucket":              {set(manifest, `{"fileFormat":"CSV","fileSchema":"Key"}`), nil, "there is no sourceBucket"},
		"another format":         {set(manifest, `{"sourceBucket":"src","fileFormat":"ORC","fileSchema":"Key"}`), nil, `the fileFormat is "ORC"; want CSV`},
		"no key":                 {set(manifest, `{"sourceBucket":"src","fileFormat":"CSV","fileSchema":"Bucket, key"}`), nil, `the fileSchema "Bucket, key" has no column Key`},
		"a long manifest":        {set(manifest, strings.Repeat(" ", maxManifest+1)), nil, "more than 16777216 bytes"},
		"a path out of the folder": {set(manifest, `{"sourceBucket":"src","fileFormat":"CSV","fileSchema":"Key","files":[{"key":"../../x"}]}`), nil,
			"was not found"},
		"not compressed well": {set(manifest, `{"sourceBucket":"src","fileFormat":"CSV","fileSchema":"Key","files":[{"key":"go.mod"}]}`), nil, "was not found"},
	} {
		fsys := inventoryReport(t, "Key", "a", "b")
		tt.change(fsys)
		got := shown(readSource(t, Inventory(fsys, manifest), ""))
		require.Len(t, got, len(tt.before)+1, name)
		require.ElementsMatch(t, tt.before, got[:len(tt.before)], name)
		require.Contains(t, got[len(tt.before)], "END ", name)
		require.Contains(t, got[len(tt.before)], tt.want, name)
	}
	// A list file without an MD5 shows by itself that it was cut off.
	fsys := fstest.MapFS{
		"manifest.json": {Data: []byte(`{"sourceBucket":"src","fileFormat":"CSV","fileSchema":"Key","files":[{"key":"l"},{"key":"m"}]}`)},
		"l":             {Data: []byte(gzipped(t, strings.Repeat("a\n", 9))[:20])},
	}
	got := shown(readSource(t, Inventory(fsys, "manifest.json"), ""))
	require.Equal(t, "END read line 10 of l: unexpected EOF", got[len(got)-1])
}

func TestAnInventoryPositionThatIsWrongIsAnError(t *testing.T) {
	t.Parallel()
	fsys := inventoryReport(t, "Key", "a\nb\n", "c")
	for after, want := range map[string]string{
		"1:2": "no position", "0:1:2": "no position", "3:1:2": "no position", "x": "no position", "1:1:3": "no line 1", "2:2:9": "no line 2",
	} {
		got := shown(readSource(t, Inventory(fsys, inventoryFolder+"manifest.json"), after))
		require.Len(t, got, 1, after)
		require.Contains(t, got[0], want)
	}
}

func TestAnInventoryEndsWithItsLoopAndItsContext(t *testing.T) {
	t.Parallel()
	fsys := inventoryReport(t, "Key", "a\nb\n", "c")
	source := Inventory(fsys, inventoryFolder+"manifest.json")
	for item, err := range source.Items(t.Context(), "") {
		require.NoError(t, err)
		require.Equal(t, "1:1:2", item.Position)
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range source.Items(ctx, "") {
		if n++; n == 1 {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, context.Canceled)
		}
		cancel()
	}
	require.Equal(t, 2, n)
}
