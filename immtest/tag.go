package immtest

import "fmt"

// tagFilter is what the tags of a project must be for a list to show it. A nil
// value stands for any value.
type tagFilter map[string]*string

// match reports whether tags have all that the filter wants.
func (f tagFilter) match(tags map[string]string) bool {
	for key, want := range f {
		value, found := tags[key]
		if !found || want != nil && *want != value {
			return false
		}
	}
	return true
}

// tags is the value of Tag: as tags to set, and as a filter. A key stands once,
// and is not empty.
func (a *arguments) tags() (map[string]string, tagFilter) {
	var sent []struct {
		Key   string
		Value *string
	}
	a.json("Tag", &sent)
	tags, filter := make(map[string]string, len(sent)), make(tagFilter, len(sent))
	for i, tag := range sent {
		if tag.Key == "" {
			a.refuse(invalidArgument(fmt.Sprintf("Tag[%d].Key", i), "it is empty"))
		}
		if _, twice := filter[tag.Key]; twice {
			a.refuse(invalidArgument(fmt.Sprintf("Tag[%d].Key", i), "another tag has the same key"))
		}
		filter[tag.Key] = tag.Value
		if tags[tag.Key] = ""; tag.Value != nil {
			tags[tag.Key] = *tag.Value
		}
	}
	return tags, filter
}
