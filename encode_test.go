package imm

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/internal/wire"
)

// TestTheDocumentedRequestsAreEncodedAsDocumented has the whole query of each,
// before it is escaped.
func TestTheDocumentedRequestsAreEncodedAsDocumented(t *testing.T) {
	t.Parallel()
	persons := InputFile{URI: "oss://test-bucket/test-object1.jpg", CustomLabels: map[string]string{"category": "Persons"}}
	pets := InputFile{URI: "oss://test-bucket/test-object2.jpg", CustomLabels: map[string]string{"category": "Pets"}}
	topic := Notification{MNS: MNS{TopicName: "test-topic"}}
	for want, call := range map[string]func(ctx context.Context, c *Client) error{
		`DatasetName=test-dataset&ProjectName=test-project&URI=oss://test-bucket`: func(ctx context.Context, c *Client) error {
			_, err := c.CreateBinding(ctx, &CreateBindingRequest{ProjectName: "test-project", DatasetName: "test-dataset", URI: "oss://test-bucket"})
			return err
		},
		`ProjectName=test-project&URI=oss://test-bucket`: func(ctx context.Context, c *Client) error {
			_, err := c.GetBinding(ctx, &GetBindingRequest{ProjectName: "test-project", URI: "oss://test-bucket"})
			return err
		},
		`DatasetName=test-dataset&File={"URI":"oss://test-bucket/test-object1.jpg","CustomLabels":{"category":"Persons"}}` +
			`&Notification={"MNS":{"TopicName":"test-topic"}}&ProjectName=test-project&UserData=a & b`: func(ctx context.Context, c *Client) error {
			_, err := c.IndexFileMeta(ctx, &IndexFileMetaRequest{
				ProjectName: "test-project", DatasetName: "test-dataset", File: persons, Notification: topic, UserData: "a & b",
			})
			return err
		},
		`DatasetName=test-dataset&Files=[{"URI":"oss://test-bucket/test-object1.jpg","CustomLabels":{"category":"Persons"}},` +
			`{"URI":"oss://test-bucket/test-object2.jpg","CustomLabels":{"category":"Pets"}}]` +
			`&Notification={"MNS":{"TopicName":"test-topic"}}&ProjectName=test-project`: func(ctx context.Context, c *Client) error {
			_, err := c.BatchIndexFileMeta(ctx, &BatchIndexFileMetaRequest{
				ProjectName: "test-project", DatasetName: "test-dataset", Files: []InputFile{persons, pets}, Notification: topic,
			})
			return err
		},
		`DatasetName=d&File={"URI":"oss://b/k"}&ProjectName=p`: func(ctx context.Context, c *Client) error {
			_, err := c.IndexFileMeta(ctx, &IndexFileMetaRequest{ProjectName: "p", DatasetName: "d", File: InputFile{URI: "oss://b/k"}})
			return err
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			var query string
			transport := roundTripFunc(func(req *http.Request) (*http.Response, error) {
				query = req.URL.RawQuery
				return nil, errors.New("this transport answers nothing")
			})
			client, err := NewClient("cn-hangzhou", StaticCredentials("id", "secret", ""),
				WithHTTPClient(&http.Client{Transport: transport}), WithRetry(RetryPolicy{MaxAttempts: 1}))
			require.NoError(t, err)
			require.ErrorIs(t, call(t.Context(), client), ErrUnavailable)
			got, err := url.PathUnescape(query)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.NotContains(t, query, "+")
		})
	}
}

// encoders are the structures with the functions that write them.
var encoders = []struct {
	kind   reflect.Type
	encode func(value reflect.Value) []byte
}{
	{reflect.TypeFor[InputFile](), encodeWith(writeInputFile)},
	{reflect.TypeFor[Address](), encodeWith(writeAddress)},
	{reflect.TypeFor[Label](), encodeWith(writeLabel)},
	{reflect.TypeFor[Clip](), encodeWith(writeClip)},
	{reflect.TypeFor[InputFileFigure](), encodeWith(writeFigure)},
	{reflect.TypeFor[Notification](), encodeWith(writeNotification)},
	{reflect.TypeFor[MNS](), func(value reflect.Value) []byte {
		notification := &Notification{MNS: value.Interface().(MNS)}
		return bytes.TrimSuffix(bytes.TrimPrefix(encoded(writeNotification, notification), []byte(`{"MNS":`)), []byte(`}`))
	}},
	{reflect.TypeFor[RocketMQ](), func(value reflect.Value) []byte {
		notification := &Notification{RocketMQ: value.Interface().(RocketMQ)}
		return bytes.TrimSuffix(bytes.TrimPrefix(encoded(writeNotification, notification), []byte(`{"RocketMQ":`)), []byte(`}`))
	}},
}

func encodeWith[T any](write func(*wire.Writer, *T)) func(reflect.Value) []byte {
	return func(value reflect.Value) []byte { return encoded(write, value.Addr().Interface().(*T)) }
}

// encoded is the JSON of a value, taken out of the parameter that holds it.
func encoded[T any](write func(*wire.Writer, *T), value *T) []byte {
	params := wire.Get()
	defer params.Release()
	write(params.Write("A"), value)
	text, err := url.PathUnescape(strings.TrimPrefix(string(params.Encoded()), "A="))
	if err != nil {
		panic(err)
	}
	return []byte(text)
}

// TestEachFieldAloneIsWrittenUnderItsName visits the fields by reflection, so
// that one that the encoder forgets is found.
func TestEachFieldAloneIsWrittenUnderItsName(t *testing.T) {
	t.Parallel()
	for _, structure := range encoders {
		for i := range structure.kind.NumField() {
			field := structure.kind.Field(i)
			t.Run(structure.kind.Name()+"."+field.Name, func(t *testing.T) {
				t.Parallel()
				v := reflect.New(structure.kind).Elem()
				fill := filler{rest: bytes.Repeat([]byte{1}, 1000)}
				fill.set(v.Field(i))
				require.False(t, v.Field(i).IsZero())
				tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
				require.Equal(t, "omitzero", options)
				got := structure.encode(v)
				var members map[string]json.RawMessage
				require.NoError(t, json.Unmarshal(got, &members), "%s", got)
				require.Equal(t, []string{tag}, slices.Collect(maps.Keys(members)))
				want, err := json.Marshal(v.Field(i).Interface())
				require.NoError(t, err)
				require.JSONEq(t, string(want), string(members[tag]))
			})
		}
	}
}

func TestZeroValuesAreLeftOutAndEmptyListsAreSent(t *testing.T) {
	t.Parallel()
	text := func(f InputFile) string { return string(encoded(writeInputFile, &f)) }
	for want, got := range map[string]string{
		`{}`:                               text(InputFile{}),
		`{"CustomLabels":{}}`:              text(InputFile{CustomLabels: map[string]string{}}),
		`{"CustomLabels":{"":""}}`:         text(InputFile{CustomLabels: map[string]string{"": ""}}),
		`{"Addresses":[]}`:                 text(InputFile{Addresses: []Address{}}),
		`{"Addresses":[{},{}]}`:            text(InputFile{Addresses: make([]Address, 2)}),
		`{"Labels":[]}`:                    text(InputFile{Labels: []Label{}}),
		`{"Labels":[{}]}`:                  text(InputFile{Labels: []Label{{}}}),
		`{"Figures":[]}`:                   text(InputFile{Figures: []InputFileFigure{}}),
		`{"Labels":[{"Clips":[]}]}`:        text(InputFile{Labels: []Label{{Clips: []Clip{}}}}),
		`{"Labels":[{"Clips":[{}]}]}`:      text(InputFile{Labels: []Label{{Clips: []Clip{{}}}}}),
		`{"Title":"only this"}`:            text(InputFile{Title: "only this", ProduceTime: time.Time{}.In(time.FixedZone("", 3600))}),
		`{"TimeRange":[]}`:                 string(encoded(writeClip, &Clip{TimeRange: []int64{}})),
		`{"TimeRange":[0,-1]}`:             string(encoded(writeClip, &Clip{TimeRange: []int64{0, -1}})),
		`{"ExtendedMessageURI":"oss://b"}`: string(encoded(writeNotification, &Notification{ExtendedMessageURI: "oss://b"})),
	} {
		require.Equal(t, want, got)
	}
	require.Equal(t, `{}`, string(encoded(writeNotification, &Notification{})))
}

func TestWhatIsWrittenNeverDependsOnTheOrderOfAMap(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 16, 17, 100} { // Beyond 16 there is no room on the stack.
		var f InputFile
		var want []string
		for i := range n {
			want = append(want, strconv.Itoa(i))
		}
		slices.Sort(want)
		for range 20 {
			f.CustomLabels = map[string]string{}
			for i := range n {
				f.CustomLabels[strconv.Itoa(i)] = "v" + strconv.Itoa(i)
			}
			var b strings.Builder
			for i, key := range want {
				b.WriteString([]string{"", ","}[min(i, 1)] + `"` + key + `":"v` + key + `"`)
			}
			require.Equal(t, `{"CustomLabels":{`+b.String()+`}}`, string(encoded(writeInputFile, &f)))
		}
	}
}

// FuzzInputFileEncodesLikeEncodingJSON fills all fields of a file by reflection
// and compares with what encoding/json makes of the tags.
func FuzzInputFileEncodesLikeEncodingJSON(f *testing.F) {
	addFillings(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var file InputFile
		fill := filler{rest: data}
		fill.set(reflect.ValueOf(&file).Elem())
		got := encoded(writeInputFile, &file)
		requireSameJSON(t, file, got)
		again := file
		again.CustomLabels = nil
		for _, key := range slices.Backward(slices.Sorted(maps.Keys(file.CustomLabels))) {
			if again.CustomLabels == nil {
				again.CustomLabels = make(map[string]string)
			}
			again.CustomLabels[key] = file.CustomLabels[key]
		}
		if file.CustomLabels != nil && again.CustomLabels == nil {
			again.CustomLabels = map[string]string{}
		}
		require.Equal(t, string(got), string(encoded(writeInputFile, &again)), "equal files are not equal bytes")
	})
}

// FuzzNotificationEncodesLikeEncodingJSON is the same for notifications.
func FuzzNotificationEncodesLikeEncodingJSON(f *testing.F) {
	addFillings(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var notification Notification
		fill := filler{rest: data}
		fill.set(reflect.ValueOf(&notification).Elem())
		requireSameJSON(t, notification, encoded(writeNotification, &notification))
	})
}

func addFillings(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(bytes.Repeat([]byte{1}, 2000))
	f.Add(bytes.Repeat([]byte{0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233}, 100))
	f.Add(bytes.Repeat([]byte("\x03\"\\<\x05\x00\u2028&\x09é日\xff"), 50))
}

func requireSameJSON(t *testing.T, value any, got []byte) {
	t.Helper()
	want, err := json.Marshal(value)
	require.NoError(t, err)
	require.Equal(t, exactly(t, want), exactly(t, got), "%s", got)
}

// exactly decodes JSON without losing a digit of a number.
func exactly(t *testing.T, data []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&value), "%s", data)
	return value
}

// filler makes values of bytes. Where the bytes end, everything is zero.
type filler struct{ rest []byte }

func (f *filler) next(n int) []byte {
	part := make([]byte, n)
	f.rest = f.rest[copy(part, f.rest):]
	return part
}

func (f *filler) set(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		b := f.next(8)
		if b[0] == 0 {
			return
		}
		const years = 9997 * 365 * 24 * 60 * 60
		seconds := int64(binary.BigEndian.Uint32(b))<<7%years - 62135596800 + 366*24*60*60
		zone := time.FixedZone("", (int(b[5])-128)*10*60)
		v.Set(reflect.ValueOf(time.Unix(seconds, int64(binary.BigEndian.Uint16(b[6:]))*15_000).In(zone)))
	case v.Kind() == reflect.String:
		v.SetString(strings.ToValidUTF8(string(f.next(int(f.next(1)[0])%16)), "\uFFFD"))
	case v.Kind() == reflect.Int64:
		v.SetInt(int64(binary.BigEndian.Uint64(f.next(8))))
	case v.Kind() == reflect.Float32:
		number := math.Float32frombits(binary.BigEndian.Uint32(f.next(4)))
		if float64(number)-float64(number) == 0 { // It is finite.
			v.SetFloat(float64(number))
		}
	case v.Kind() == reflect.Struct:
		for _, field := range v.Fields() {
			f.set(field)
		}
	case v.Kind() == reflect.Slice:
		if n := int(f.next(1)[0]) % 4; n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n-1, n-1))
			if f.next(1)[0]%2 == 1 {
				v.Set(reflect.MakeSlice(v.Type(), n, n))
			}
			for i := range v.Len() {
				f.set(v.Index(i))
			}
		}
	case v.Type() == reflect.TypeFor[map[string]string]():
		if n := int(f.next(1)[0]) % 32; n > 0 {
			pairs := map[string]string{}
			for range n - 1 + int(f.next(1)[0])%2 {
				var key, value string
				f.set(reflect.ValueOf(&key).Elem())
				f.set(reflect.ValueOf(&value).Elem())
				pairs[key] = value
			}
			v.Set(reflect.ValueOf(pairs))
		}
	default:
		panic("no rule for a " + v.Type().String())
	}
}
