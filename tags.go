package imm

import (
	"encoding/json"

	"github.com/imm-go/imm/internal/wire"
)

// Tags are a map here and lists on the wire: of Key and Value in a request, of
// TagKey and TagValue in an answer. The lists are written in the order of the
// keys, so that equal tags are equal bytes.

// appendTags adds the tags of a request unless they are nil.
func appendTags(params *wire.Params, name string, tags map[string]string) {
	if tags == nil {
		return
	}
	params.JSON(name, func(dst []byte) []byte {
		return wire.AppendArray(dst, sortedKeys(tags), func(dst []byte, key *string) []byte {
			o := wire.BeginObject(dst)
			o.Value("Key", func(dst []byte) []byte { return wire.AppendString(dst, *key) })
			o.Value("Value", func(dst []byte) []byte { return wire.AppendString(dst, tags[*key]) })
			return o.End()
		})
	})
}

// looseTags are the tags of an answer. What is not text is shown as JSON, and
// what is no list of tags is none.
type looseTags map[string]string

func (t *looseTags) UnmarshalJSON(data []byte) error {
	var tags looseTags
	isArray := wire.Elements(data, func(element []byte) {
		var key, value string
		wire.Members(element, func(name, text []byte) {
			switch string(name) {
			case "TagKey":
				key = wire.LooseText(text)
			case "TagValue":
				value = wire.LooseText(text)
			}
		})
		if key == "" {
			return
		}
		if tags == nil {
			tags = looseTags{}
		}
		tags[key] = value
	})
	if !isArray {
		tags = looseTags(lenientLabels(data))
	}
	*t = tags
	return nil
}

// MarshalJSON replaces what is not valid UTF-8, as encoding/json does with all
// other text.
func (t looseTags) MarshalJSON() ([]byte, error) {
	type tag struct{ TagKey, TagValue string }
	tags := make([]tag, 0, len(t))
	for _, key := range sortedKeys(t) {
		tags = append(tags, tag{key, t[key]})
	}
	return json.Marshal(tags)
}
