package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/imm-go/imm/bulk"
)

func ExampleCSV() {
	list := strings.NewReader(`URI,CustomId,label:city
oss://test-bucket/cat.jpg,1,Paris
oss://test-bucket/dog.jpg,"2,Rome
oss://test-bucket/owl.jpg,3,
`)
	source := bulk.WithLabels(bulk.CSV("photos.csv", list), map[string]string{"job": "7"})
	for item, err := range source.Items(context.Background(), "") {
		var bad *bulk.LineError
		switch {
		case errors.As(err, &bad):
			fmt.Println(bad) // the loop goes on with the next line
		case err != nil:
			fmt.Println("the list ended early:", err)
		default:
			fmt.Println(item.Position, item.File.URI, item.File.CustomLabels)
		}
	}
	// Output:
	// 2:58 oss://test-bucket/cat.jpg map[city:Paris job:7]
	// photos.csv:3:27: the quote is not closed in this line; a value cannot hold a line break
	// 4:121 oss://test-bucket/owl.jpg map[job:7]
}
