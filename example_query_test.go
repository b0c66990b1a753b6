package imm_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/query"
)

// answering is an emulator whose answers to an operation are scripted, one after
// the other.
func answering(action string, bodies ...string) *immtest.Server {
	server := emulator()
	for _, body := range bodies {
		server.Inject(immtest.Fault{Action: action, Body: body})
	}
	return server
}

// Conditions are made by package query.
func ExampleClient_SimpleQuery() {
	server := answering("SimpleQuery", `{"RequestId":"R","NextToken":"","TotalHits":1,"Files":[{"URI":"oss://test-bucket/cat.jpg","Size":2097152}]}`)
	defer server.Close()

	found, err := server.Client().SimpleQuery(context.Background(), &imm.SimpleQueryRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Query:       query.And(query.Eq("ContentType", "image/jpeg"), query.Gte("Size", 1<<20)),
		Sort:        "Size",
		WithFields:  []string{"URI", "Size"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range found.Files {
		fmt.Println(file.URI, file.Size)
	}
	// Output: oss://test-bucket/cat.jpg 2097152
}

// With aggregations the answer is numbers about the files instead of the files.
func ExampleClient_SimpleQuery_aggregations() {
	server := answering("SimpleQuery", `{"RequestId":"R","NextToken":"","TotalHits":3,"Aggregations":[
		{"Field":"Size","Operation":"sum","Value":3145728},
		{"Field":"MediaType","Operation":"group","Groups":[{"Value":"image","Count":2},{"Value":"video","Count":1}]}]}`)
	defer server.Close()

	found, err := server.Client().SimpleQuery(context.Background(), &imm.SimpleQueryRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Aggregations: []imm.Aggregation{
			{Field: "Size", Operation: imm.AggregateSum},
			{Field: "MediaType", Operation: imm.AggregateGroup},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range found.Aggregations {
		fmt.Println(result.Operation, result.Field, result.Value, result.Groups)
	}
	// Output:
	// sum Size 3.145728e+06 []
	// group MediaType 0 [{image 2} {video 1}]
}

// All pages, one after the other.
func ExampleClient_SimpleQueryFiles() {
	server := answering("SimpleQuery",
		`{"RequestId":"R","NextToken":"page-2","Files":[{"URI":"oss://test-bucket/cat.jpg"}]}`,
		`{"RequestId":"R","NextToken":"","Files":[{"URI":"oss://test-bucket/dog.jpg"}]}`)
	defer server.Close()

	for file, err := range server.Client().SimpleQueryFiles(context.Background(), &imm.SimpleQueryRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", Query: query.Eq("MediaType", imm.MediaImage),
	}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(file.URI)
	}
	// Output:
	// oss://test-bucket/cat.jpg
	// oss://test-bucket/dog.jpg
}

// Without a topic for messages, WaitIndexed tells what became of each file.
func ExampleClient_WaitIndexed() {
	const indexed = `{"URI":"oss://test-bucket/cat.jpg","ObjectStatus":"Indexed","UpdateTime":"2099-07-06T07:18:20+08:00"}`
	server := answering("BatchGetFileMeta", `{"RequestId":"R","Files":[]}`, `{"RequestId":"R","Files":[`+indexed+`]}`, `{"RequestId":"R","Files":[]}`)
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	since := time.Now().Add(-time.Minute) // the clock of the service may be behind
	_, err := client.BatchIndexFileMeta(ctx, &imm.BatchIndexFileMetaRequest{
		ProjectName: "test-project", DatasetName: "test-dataset",
		Files: []imm.InputFile{{URI: "oss://test-bucket/cat.jpg"}, {URI: "oss://test-bucket/cow.jpg"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	outcomes, err := client.WaitIndexed(ctx, &imm.WaitIndexedRequest{
		ProjectName: "test-project", DatasetName: "test-dataset", Since: since,
		URIs: []string{"oss://test-bucket/cat.jpg", "oss://test-bucket/cow.jpg"},
	}, imm.WithPollInterval(time.Millisecond), imm.WithFileLimit(50*time.Millisecond))
	if err != nil {
		log.Fatal(err) // the context ended, or a poll failed
	}
	for _, outcome := range outcomes {
		fmt.Println(outcome.URI, outcome.Status)
	}
	fmt.Println(outcomes.Err())
	// Output:
	// oss://test-bucket/cat.jpg indexed
	// oss://test-bucket/cow.jpg overdue
	// imm: 1 of 2 files not indexed: "oss://test-bucket/cow.jpg": overdue: not indexed within 50ms: it is not in the dataset
}

// A batch succeeds although single files fail, so its Err is asked as well.
func ExampleClient_BatchUpdateFileMeta() {
	server := answering("BatchUpdateFileMeta", `{"RequestId":"R","Files":[
		{"URI":"oss://test-bucket/cat.jpg","Success":true,"Message":""},
		{"URI":"oss://test-bucket/cow.jpg","Success":false,"Message":"file not found"}]}`)
	defer server.Close()

	updated, err := server.Client().BatchUpdateFileMeta(context.Background(), &imm.BatchUpdateFileMetaRequest{
		ProjectName: "test-project",
		DatasetName: "test-dataset",
		Files: []imm.FileUpdate{
			{URI: "oss://test-bucket/cat.jpg", CustomLabels: map[string]string{"category": "Pets"}},
			{URI: "oss://test-bucket/cow.jpg", CustomID: new("")}, // takes the id away
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(updated.Err())
	// Output: imm: 1 of 2 files not updated: "oss://test-bucket/cow.jpg": file not found
}
