package query_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/query"
)

// Large photos of the year 2024 that have a category.
func ExampleAnd() {
	condition := query.And(
		query.Eq("ContentType", "image/jpeg"),
		query.Gte("Size", 1<<20),
		query.Gte("ProduceTime", time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)),
		query.Lt("ProduceTime", time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)),
		query.Exists("CustomLabels.category"),
	)
	fmt.Println(condition)
	// Output:
	// and(ContentType eq "image/jpeg", Size gte "1048576", ProduceTime gte "2024-01-01T00:00:00Z", ProduceTime lt "2025-01-01T00:00:00Z", exist CustomLabels.category)
}

// One and the same label is a cat and certain. Without Nested, a photo of a
// certain dog and a doubtful cat would be found, too.
func ExampleNested() {
	condition := query.Nested("Labels", query.Eq("Labels.LabelName", "cat"), query.Gt("Labels.LabelConfidence", 0.9))
	data, err := json.Marshal(condition)
	fmt.Println(string(data), err)
	// Output:
	// {"Field":"Labels","Operation":"nested","SubQueries":[{"Field":"Labels.LabelName","Operation":"eq","Value":"cat"},{"Field":"Labels.LabelConfidence","Operation":"gt","Value":"0.9"}]} <nil>
}

// What cannot be right is refused when it is used.
func ExampleOr() {
	var none []imm.QueryCondition
	_, err := query.Or(none...).MarshalJSON()
	fmt.Println(err)
	// Output: imm: SimpleQuery: Query.SubQueries: or needs 1 to 100 sub-queries, not 0
}
