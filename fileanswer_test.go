package imm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// photoFile is about what a dataset holds of a photo with AllFunction.
func photoFile(i int) File {
	taken := time.Date(2024, 5, 1, 12, 30, i%60, 123456789, time.FixedZone("", 8*60*60))
	face := Boundary{Left: 120, Top: 80, Width: 64, Height: 72}
	f := File{
		URI: fmt.Sprintf("oss://test-bucket/photos/2024/IMG_%06d.jpg", i), ProjectName: "test-project", DatasetName: "test-dataset",
		OwnerID: "102321002467****", ObjectID: fmt.Sprintf("75d5de2c50754e3dadd5c35dbca5f9949369e37eb342a73821f690c94%06d", i), ObjectType: "file",
		ObjectStatus: ObjectIndexed, CreateTime: taken, UpdateTime: taken,
		CustomID: fmt.Sprintf("member-image-%d", i), CustomLabels: map[string]string{"category": "Pets", "owner": "Tim"},
		Filename: fmt.Sprintf("photos/2024/IMG_%06d.jpg", i), Size: int64(2_000_000 + i), MediaType: MediaImage, ContentType: "image/jpeg",
		ETag: `"1D9C280A7C4F67F7EF873E28449****"`, FileModifiedTime: taken, OSSCRC64: "559890638950338001", OSSObjectType: "Normal",
		OSSStorageClass: "Standard", OSSTaggingCount: 2, OSSTagging: map[string]string{"team": "photos", "keep": "yes"}, ObjectACL: "default",
		ContentMD5: "2Lzp7jNzTxe0RGQS0rBKyA==", ProduceTime: taken, LatLong: "30.134390,120.074997",
		Addresses:  []Address{{Language: "zh-Hans", AddressLine: "浙江省杭州市余杭区文一西路969号", Country: "中国", Province: "浙江省", City: "杭州市", District: "余杭区", Township: "文一西路"}},
		ImageWidth: 4032, ImageHeight: 3024, Orientation: 1, ImageScore: ImageScore{OverallQualityScore: 0.75},
		EXIF:                `{"Compression":{"value":"6"},"DateTime":{"value":"2024:05:01 12:30:00"},"Model":{"value":"Camera \"X\""}}`,
		CroppingSuggestions: []CroppingSuggestion{{AspectRatio: "1:1", Confidence: 0.99, Boundary: face}, {AspectRatio: "16:9", Confidence: 0.91, Boundary: face}},
		OCRContents:         []OCRContent{{Contents: "商店 Open 24 h", Language: "zh-Hans", Confidence: 0.98, Boundary: Boundary{Polygon: []Point{{1, 2}, {101, 2}, {101, 42}, {1, 42}}}}},
		OCRTexts:            "商店 Open 24 h", FigureCount: 2,
	}
	for _, name := range []string{"猫", "动物", "室内", "沙发", "Window", "Plant"} {
		f.Labels = append(f.Labels, Label{LabelName: name, ParentLabelName: "物体", Language: "zh-Hans", LabelLevel: 2, LabelConfidence: 0.93, CentricScore: 0.71})
	}
	for j := range 2 {
		f.Figures = append(f.Figures, Figure{
			FigureID: fmt.Sprintf("d7365ab8-3378-4bec-86ce-%06d-%d", i, j), FigureType: "face", FigureConfidence: 1, FigureClusterID: "Cluster-1f2e1a2c-d5ee-4bc5-84f6-fef94ea****",
			Boundary: face, HeadPose: HeadPose{Pitch: -12.5, Roll: 3.25, Yaw: 8}, FaceQuality: 0.8, Sharpness: 0.9, Age: 30, AgeSD: 7, Attractive: 0.6,
			Gender: "female", GenderConfidence: 0.99, Emotion: "happiness", EmotionConfidence: 0.9, Mouth: "open", MouthConfidence: 0.8, Beard: "none", BeardConfidence: 0.9,
			Glasses: "none", GlassesConfidence: 1, Hat: "none", HatConfidence: 1, Mask: "none", MaskConfidence: 0.7,
		})
	}
	return f
}

// largeAnswer is an answer of SimpleQuery of at least so many bytes.
func largeAnswer(t testing.TB, size int) []byte {
	t.Helper()
	var buf bytes.Buffer
	buf.WriteString(`{"RequestId":"A0E9B5BC-0FF5-0C22-8A83-****","TotalHits":100000,"NextToken":"MTIzNDU2Nzg6aW1tdGVzdA==","Aggregations":[],"Files":[`)
	for i := 0; buf.Len() < size; i++ {
		if i > 0 {
			buf.WriteByte(',')
		}
		file, err := json.Marshal(photoFile(i))
		require.NoError(t, err)
		buf.Write(file)
	}
	buf.WriteString("]}")
	return buf.Bytes()
}

// bareType is a structure without any method: times are texts.
func bareType(t reflect.Type) reflect.Type {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return reflect.TypeFor[string]()
	case t.Kind() == reflect.Slice:
		return reflect.SliceOf(bareType(t.Elem()))
	case t.Kind() != reflect.Struct:
		return t
	}
	fields := reflect.VisibleFields(t)
	for i := range fields {
		fields[i].Type = bareType(fields[i].Type)
		fields[i].Index, fields[i].Offset = nil, 0
	}
	return reflect.StructOf(fields)
}

func decodeOurs(tb testing.TB, data []byte) *SimpleQueryResponse {
	answer := &fileAnswer[SimpleQueryResponse]{whole: func(r *SimpleQueryResponse) (string, bool) { return r.RequestID, r.RequestID != "" }}
	require.True(tb, answer.decode(data))
	return answer.resp
}

func decodeBare(tb testing.TB, data []byte, structure reflect.Type) reflect.Value {
	v := reflect.New(structure)
	require.NoError(tb, json.Unmarshal(data, v.Interface()))
	return v.Elem()
}

func TestALargeAnswerIsReadCompletely(t *testing.T) {
	t.Parallel()
	got := decodeOurs(t, largeAnswer(t, 100<<10))
	require.Equal(t, int64(100000), got.TotalHits)
	require.Equal(t, "MTIzNDU2Nzg6aW1tdGVzdA==", got.NextToken)
	require.Greater(t, len(got.Files), 10)
	for i := range got.Files {
		want := photoFile(i)
		requireSameFile(t, want, got.Files[i])
	}
}

// requireSameFile compares what the files say: equal times may differ in how they
// name their zone.
func requireSameFile(t testing.TB, want, got File) {
	t.Helper()
	a, err := json.Marshal(want)
	require.NoError(t, err)
	b, err := json.Marshal(got)
	require.NoError(t, err)
	require.Equal(t, string(a), string(b))
}

// TestALargeAnswerIsReadNotMuchSlowerThanIntoBareStructures compares the best of
// several runs that take turns, so that what else the machine does counts little.
func TestALargeAnswerIsReadNotMuchSlowerThanIntoBareStructures(t *testing.T) {
	data := largeAnswer(t, 10<<20)
	structure := bareType(reflect.TypeFor[SimpleQueryResponse]())
	require.Equal(t, len(decodeOurs(t, data).Files), decodeBare(t, data, structure).FieldByName("Files").Len())
	ours, plain := time.Hour, time.Hour
	for range 5 {
		start := time.Now()
		decodeOurs(t, data)
		ours = min(ours, time.Since(start))
		start = time.Now()
		decodeBare(t, data, structure)
		plain = min(plain, time.Since(start))
	}
	t.Logf("10 MiB: %v, encoding/json into bare structures: %v, ratio %.2f", ours, plain, float64(ours)/float64(plain))
	require.Less(t, float64(ours)/float64(plain), 2.5)
}

func BenchmarkReadingALargeAnswer(b *testing.B) {
	data := largeAnswer(b, 10<<20)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			decodeOurs(b, data)
		}
	})
	b.Run("bare", func(b *testing.B) {
		structure := bareType(reflect.TypeFor[SimpleQueryResponse]())
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			decodeBare(b, data, structure)
		}
	})
}
