package otelimm_test

import (
	"context"
	"fmt"
	"log"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/immtest"
	"github.com/imm-go/imm/otelimm"
)

// A program sets up its providers once, and gives the observer to each client. Here
// the spans stay in memory.
func Example() {
	server := immtest.NewServer()
	defer server.Close()
	server.Inject(immtest.Throttle(1, 0))
	spans := tracetest.NewInMemoryExporter()
	observer, err := otelimm.New(otelimm.WithTracerProvider(trace.NewTracerProvider(trace.WithSyncer(spans))))
	if err != nil {
		log.Fatal(err)
	}
	client := server.Client(imm.WithObserver(observer.Client()))
	_, err = client.CreateProject(context.Background(), &imm.CreateProjectRequest{ProjectName: "test-project"})
	if err != nil {
		log.Fatal(err)
	}
	for _, span := range spans.GetSpans() {
		fmt.Println(span.Name)
		for _, event := range span.Events {
			fmt.Println("  ", event.Name)
		}
	}
	// Output:
	// IMM/CreateProject
	//    attempt
	//    retry
	//    attempt
}
