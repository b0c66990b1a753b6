package bench

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/imm-go/imm"
)

// richPage is an answer with n photos of which the dataset knows a lot: labels,
// faces, a place, texts in the picture and what OSS says of the object.
func richPage(n int) []byte {
	page := imm.SimpleQueryResponse{TotalHits: 12345, NextToken: "MTIzNDU2Nzg5MA", RequestID: "3A9E1B2C-7D5F-0E4A-9C8B-****"}
	for i := range n {
		page.Files = append(page.Files, richFile(i))
	}
	data, err := json.Marshal(page)
	if err != nil {
		panic(err) // these values have been written above, none of them is input
	}
	return data
}

func richFile(i int) imm.File {
	at := time.Date(2024, 5, 17, 9, 30, i, 123456789, time.FixedZone("", 8*60*60))
	name := fmt.Sprintf("photos/2024/spring/IMG_%04d.jpg", i)
	f := imm.File{
		URI: "oss://test-bucket/" + name, ProjectName: "test-project", DatasetName: "test-dataset",
		OwnerID: "1234567890123456", ObjectID: fmt.Sprintf("75d5de2c50754e3dadd5c35dbca5f%03d", i), ObjectType: "file",
		ObjectStatus: imm.ObjectIndexed, CreateTime: at, UpdateTime: at.Add(time.Second),
		CustomID: fmt.Sprintf("photo-%d", i), CustomLabels: map[string]string{"category": "Pets", "album": "Spring 2024"},
		Filename: name, Size: 2_437_120 + int64(i), MediaType: imm.MediaImage, ContentType: "image/jpeg",
		FileHash: "1D9C280A7C4F67F7EF873E28449****", ETag: `"D41D8CD98F00B204E9800998ECF8****"`,
		FileModifiedTime: at, OSSCRC64: "13400000000000000123", OSSObjectType: "Normal", OSSStorageClass: "Standard",
		OSSTagging: map[string]string{"team": "archive"}, OSSTaggingCount: 1, OSSUserMeta: map[string]string{"x-oss-meta-camera": "front"},
		ObjectACL: "default", ContentMD5: "1B2M2Y8AsgTpgAmY7PhCfg==", ProduceTime: at.Add(-time.Hour),
		Timezone: "+08:00", LatLong: "30.2741,120.1551",
		Addresses: []imm.Address{{
			Language: "zh-Hans", AddressLine: "中国浙江省杭州市西湖区龙井路1号", Country: "中国", Province: "浙江省", City: "杭州市",
			District: "西湖区", Township: "西湖街道",
		}},
		FigureCount: 2, ImageWidth: 4032, ImageHeight: 3024, Orientation: 1,
		EXIF:                `{"Make":{"value":"Example"},"Model":{"value":"One"},"FNumber":{"value":"18/10"},"ExposureTime":{"value":"1/125"}}`,
		ImageScore:          imm.ImageScore{OverallQualityScore: 0.82},
		CroppingSuggestions: []imm.CroppingSuggestion{{AspectRatio: "1:1", Confidence: 0.98, Boundary: box(500, 0)}},
		OCRContents:         []imm.OCRContent{{Contents: "西湖 West Lake", Language: "zh-Hans", Confidence: 0.97, Boundary: box(100, 200)}},
		OCRTexts:            "西湖 West Lake",
	}
	for n, label := range []string{"cat", "animal", "lake", "tree", "sky"} {
		f.Labels = append(f.Labels, imm.Label{
			LabelName: label, ParentLabelName: "nature", Language: "en", LabelLevel: 2, LabelConfidence: 0.95 - 0.0625*float32(n), CentricScore: 0.75,
		})
	}
	for n := range 2 {
		f.Figures = append(f.Figures, imm.Figure{
			FigureID: fmt.Sprintf("d7365ab8-1378-4bec-83cb-eccad8d1%04d", n), FigureType: "face", FigureConfidence: 0.9988,
			FigureClusterID: "Cluster-1f2e1a2c-d5ee-4bc5-84f6-fef94ea****", FigureClusterConfidence: 0.87,
			Boundary: box(int64(800*n), 640), HeadPose: imm.HeadPose{Pitch: -12.5, Roll: 3.25, Yaw: 17.75},
			FaceQuality: 0.91, Sharpness: 0.84, Age: 31, AgeSD: 7, Attractive: 0.5, Gender: "female", GenderConfidence: 0.99,
			Emotion: "happiness", EmotionConfidence: 0.93, Mouth: "close", MouthConfidence: 0.96, Beard: "none", BeardConfidence: 0.98,
			Glasses: "none", GlassesConfidence: 0.97, Hat: "none", HatConfidence: 0.99, Mask: "none", MaskConfidence: 0.95,
		})
	}
	return f
}

func box(left, top int64) imm.Boundary {
	return imm.Boundary{Left: left, Top: top, Width: 320, Height: 480, Polygon: []imm.Point{
		{X: left, Y: top}, {X: left + 320, Y: top}, {X: left + 320, Y: top + 480}, {X: left, Y: top + 480},
	}}
}
