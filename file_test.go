package imm

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fill sets every field of v, all of them to different values.
func fill(v reflect.Value, next *int) {
	*next++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2020, 1, 1, 0, 0, *next, *next, time.UTC)))
	case v.Kind() == reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, next)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), next)
		fill(v.Index(1), next)
	case v.Kind() == reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"key": "value", "other": "one"}))
	case v.Kind() == reflect.String:
		v.SetString(string(rune('A'+*next%26)) + "text")
	case v.CanInt():
		v.SetInt(int64(*next))
	case v.CanFloat():
		v.SetFloat(float64(*next) / 4)
	}
}

func TestEveryPartOfAFileSurvivesJSON(t *testing.T) {
	t.Parallel()
	var want, got File
	n := 0
	fill(reflect.ValueOf(&want).Elem(), &n)
	require.Greater(t, n, 400)
	data, err := json.Marshal(want)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &got))
	require.Equal(t, want, got)

	// With encoding/json alone it is the same.
	type plain File
	var again plain
	require.NoError(t, json.Unmarshal(data, &again))
	require.Equal(t, want, File(again))
}

func TestAFileOfNothingIsAnEmptyObject(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(File{})
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(data))
}

func TestAFileIsReadWithWhatNobodyDocumented(t *testing.T) {
	t.Parallel()
	tests := map[string]File{
		`{"URI":"oss://b/o","Size":1000,"CreateTime":"2021-06-29T14:50:13.011643661+08:00"}`: {
			URI: "oss://b/o", Size: 1000, CreateTime: time.Date(2021, 6, 29, 6, 50, 13, 11643661, time.UTC),
		},
		`{"URI":"oss://b/o","UpdateTime":"","ProduceTime":"2021:06:29 14:50:13","FileAccessTime":null,"FileCreateTime":1625000000}`: {URI: "oss://b/o"},
		`{"CustomLabels":{"a":"b","n":10,"t":true,"z":null,"o":{"x":1}}}`:                                                           {CustomLabels: map[string]string{"a": "b", "n": "10", "t": "true", "z": "", "o": `{"x":1}`}},
		`{"CustomLabels":null,"OSSTagging":"none","OSSUserMeta":[]}`:                                                                {},
		`{"Size":"1000","ImageWidth":1024.0,"Duration":"long","URI":"u"}`:                                                           {ImageWidth: 1024, URI: "u"},
		`{"Labels":[{"LabelName":"cat","LabelConfidence":"high"},null],"Figures":{}}`:                                               {Labels: []Label{{LabelName: "cat"}, {}}},
		`{"Detail":{"deep":[{}]},"uri":"no","URI":"yes"}`:                                                                           {URI: "yes"},
		`{"EXIF":"{\"Model\":{\"value\":\"X\"}}","OCRContents":null}`:                                                               {EXIF: `{"Model":{"value":"X"}}`},
		`{"ObjectStatus":"Indexed","Reason":""}`:                                                                                    {ObjectStatus: ObjectIndexed},
	}
	for data, want := range tests {
		t.Run(data, func(t *testing.T) {
			t.Parallel()
			var got File
			require.NoError(t, json.Unmarshal([]byte(data), &got))
			require.True(t, want.CreateTime.Equal(got.CreateTime))
			want.CreateTime = got.CreateTime
			require.Equal(t, want, got)
		})
	}
}

func TestWhatIsNoObjectIsNoFile(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`[]`, `"oss://b/o"`, `1`, `true`} {
		var f File
		require.ErrorContains(t, json.Unmarshal([]byte(data), &f), "not a JSON object")
	}
	f := File{URI: "as it was"}
	require.NoError(t, json.Unmarshal([]byte(`null`), &f))
	require.Equal(t, "as it was", f.URI)
	require.NoError(t, json.Unmarshal([]byte(`{}`), &f))
	require.Equal(t, File{}, f, "a file is read as a whole")
}

func FuzzAFileThatWasReadCanBeWritten(f *testing.F) {
	photo, err := json.Marshal(photoFile(1))
	require.NoError(f, err)
	for _, seed := range []string{string(photo), `{}`, `null`, `{"CreateTime":"0000-01-01T00:00:00+23:59"}`, `{"ImageScore":{"OverallQualityScore":1e38}}`, `{"CustomLabels":{"a":1}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var file, again File
		if json.Unmarshal(data, &file) != nil {
			return
		}
		written, err := json.Marshal(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(written, &again))
		requireSameFile(t, file, again)
	})
}
