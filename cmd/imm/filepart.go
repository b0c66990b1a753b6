package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/imm-go/imm"
)

// part is a part of a file as the service names it, such as Size or
// CustomLabels.category, for a cell of a table. What is not there is empty.
func part(f imm.File, name string) string {
	data, err := json.Marshal(f)
	if err != nil {
		return ""
	}
	for step := range strings.SplitSeq(name, ".") {
		var members map[string]json.RawMessage
		if json.Unmarshal(data, &members) != nil {
			return ""
		}
		data = members[step]
	}
	var text string
	if json.Unmarshal(data, &text) == nil {
		return text
	}
	return string(data)
}

// labelsOf shows labels as the flag --label takes them.
func labelsOf(labels map[string]string) string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		texts = append(texts, name+"="+labels[name])
	}
	return strings.Join(texts, " ")
}
