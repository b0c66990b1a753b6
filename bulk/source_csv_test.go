package bulk

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

func TestACSVColumnIsAFieldOrALabel(t *testing.T) {
	t.Parallel()
	const header = "uri,customid,MEDIATYPE,ContentType,FileHash,OSSURI,ProduceTime,LatLong,Title,Artist,AlbumArtist,Album,Composer,Performer, label:a b ,label:ü"
	got := readSource(t, CSV("list", strings.NewReader(header+"\n"+
		`pds://domains/d,1,image,image/jpeg,h,oss://b/1,2026-11-05T18:30:00.5+08:00,"30.2,120.1",T,A,AA,Al,C,P,"x, ""y""",z`+"\n"+
		`oss://b/2,,,,,,,,,,,,,,,`)), "")
	require.NoError(t, got[0].err)
	require.True(t, got[0].item.File.ProduceTime.Equal(time.Date(2026, 11, 5, 10, 30, 0, 5e8, time.UTC)))
	got[0].item.File.ProduceTime = time.Time{}
	require.Equal(t, imm.InputFile{
		URI: "pds://domains/d", CustomID: "1", MediaType: imm.MediaImage, ContentType: "image/jpeg", FileHash: "h", OSSURI: "oss://b/1",
		LatLong: "30.2,120.1", Title: "T", Artist: "A", AlbumArtist: "AA", Album: "Al", Composer: "C", Performer: "P",
		CustomLabels: map[string]string{"a b": `x, "y"`, "ü": "z"},
	}, got[0].item.File)
	require.Equal(t, imm.InputFile{URI: "oss://b/2"}, got[1].item.File)
}

func TestACSVHeaderThatIsWrongEndsTheList(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"":                      "list:1: the list is empty",
		"\n \n":                 "list:1: the list is empty",
		"CustomId":              "list:1: there is no column URI",
		"\n\nURI,Size":          `list:3:5: unknown column "Size"; want URI, OSSURI,`,
		"URI;CustomId":          "with commas between them",
		"URI,":                  `list:1:5: unknown column ""`,
		"URI,label:":            `list:1:5: unknown column "label:"`,
		"URI,labels:x":          `unknown column "labels:x"`,
		"URI,Labels":            `unknown column "Labels"`,
		"URI,CustomID,CustomId": `list:1:14: column "CustomId" is there twice`,
		"URI,label:a,label:a":   `list:1:13: column "label:a" is there twice`,
		"URI,\"label:a":         "list:1:5: the quote is not closed",
		"URI\xff":               "list:1:4: the text is not UTF-8",
		"oss://b/1":             `unknown column "oss://b/1"`,
	} {
		source := CSV("list", strings.NewReader(header))
		for range 2 {
			got := readSource(t, source, "")
			require.Len(t, got, 1, header)
			require.Empty(t, got[0].item.Position, header)
			require.ErrorContains(t, got[0].err, want, header)
			var bad *LineError
			require.ErrorAs(t, got[0].err, &bad)
		}
	}
	require.Empty(t, readSource(t, CSV("list", strings.NewReader("URI,label:a,label:A\n")), ""))
}

func TestACSVLineThatIsWrongSaysWhere(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"oss://b/1":                "list:2: 1 values, and the header names 3",
		"oss://b/1,,,":             "list:2: 4 values, and the header names 3",
		`oss://b/1,"a,`:            "list:2:11: the quote is not closed in this line; a value cannot hold a line break",
		`oss://b/1,"a"b,`:          "list:2:14: text behind a closing quote",
		`oss://b/1,a"b,`:           "list:2:12: a quote inside a value",
		`oss://b/1, "a",`:          "list:2:12: a quote inside a value",
		"oss://b/1,,yesterday":     `list:2:12: ProduceTime: "yesterday" is no time; want RFC 3339`,
		"oss://b/1,,2026-11-05":    "list:2:12: ProduceTime",
		",a,":                      "list:2: there is no URI",
		"b/1,a,":                   `list:2: "b/1" is no URI of a file`,
		"oss://b/1,,2026-1-5T1:1Z": "list:2:12: ProduceTime",
	} {
		got := readSource(t, CSV("list", strings.NewReader("URI,CustomId,ProduceTime\n"+line+"\noss://b/2,,\n")), "")
		require.Len(t, got, 2, line)
		require.ErrorContains(t, got[0].err, want, line)
		require.NotEmpty(t, got[0].item.Position, line)
		require.Equal(t, "oss://b/2", got[1].item.File.URI, line)
	}
}

// FuzzACSVLineIsSplitAsEncodingCSVDoes compares single lines with encoding/csv.
func FuzzACSVLineIsSplitAsEncodingCSVDoes(f *testing.F) {
	for _, line := range []string{`a,b`, `"a",b`, `"a""b",`, `a"b`, `"a"b`, `"a`, `"`, `""`, `"",""`, ` "a"`, `,,`, `"a,b",c`, "a\rb", "é,\"ü\""} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\r\n") || line == "" {
			return // these are for the reader of lines
		}
		reader := csv.NewReader(strings.NewReader(line))
		want, err := reader.Read()
		got, bad := splitCSV(line, nil)
		if err != nil {
			require.NotNil(t, bad, "encoding/csv: %s", err)
			require.GreaterOrEqual(t, bad.Column, 1)
			require.LessOrEqual(t, bad.Column, len(line))
			return
		}
		require.Nil(t, bad)
		require.Len(t, got, len(want))
		for i, value := range got {
			require.Equal(t, want[i], value.text)
			_, column := reader.FieldPos(i)
			require.Equal(t, column, value.column)
		}
	})
}
