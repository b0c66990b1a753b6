package immtest

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
)

// Whatever text comes as a query is refused, or can be asked of every file.
func FuzzQuery(f *testing.F) {
	f.Add(`{"Field":"Size","Operation":"gt","Value":"1"}`, "Size,Title", "asc,desc")
	f.Add(`{"Field":"Labels","Operation":"nested","SubQueries":[{"Field":"Labels.LabelName","Operation":"eq","Value":"cat"}]}`, "", "")
	f.Add(`{"Operation":"not","SubQueries":[{"Field":"CustomLabels.category","Operation":"exist"}]}`, "CustomLabels.category", "")
	f.Add(`{"Field":"ProduceTime","Operation":"lte","Value":"2024-01-01T00:00:00Z"}`, "ProduceTime", "desc")
	f.Add(`{"Field":"Insights.Image.Caption","Operation":"match-phrase","Value":"a b"}`, ",", ",")
	f.Add(strings.Repeat(`{"Operation":"and","SubQueries":[`, 20), "Labels.LabelName", "up")
	var files []imm.File
	for _, file := range queryFiles() {
		files = append(files, file)
	}
	f.Fuzz(func(t *testing.T, query, sort, order string) {
		var q queryNode
		if json.Unmarshal([]byte(query), &q) != nil {
			return
		}
		meets, failed := compile(&q)
		a := arguments{values: inDataset("Sort", sort, "Order", order)}
		fields := a.sortFields()
		for i := range files {
			v := reflect.ValueOf(&files[i]).Elem()
			if failed == nil {
				require.Equal(t, meets(v), meets(v))
			}
			if a.failed == nil {
				one := hit{uri: "u", keys: appendKeys(nil, fields, v)}
				require.Zero(t, compareHits(fields, &one, &one))
			}
		}
	})
}

func FuzzPhrase(f *testing.F) {
	f.Add("A Walk in the Wood", "walk in")
	f.Add("猫在睡觉 cat", "睡觉 cat")
	f.Add("e\u0301t\xff\xfe", "\xff")
	f.Fuzz(func(t *testing.T, text, phrase string) {
		words := wordsOf(phrase)
		for _, word := range words {
			require.NotEmpty(t, word)
		}
		if len(words) > 0 {
			require.True(t, hasPhrase(text+" "+phrase, words), "what is written out is found")
		}
		require.False(t, hasPhrase(text, nil))
	})
}
