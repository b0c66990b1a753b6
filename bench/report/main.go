// Report reads what `go test -bench` prints, of any number of rounds, and prints
// the tables of docs/performance.md. With -write it puts them into that file, in
// the folder that is named, and draws performance.svg beside it.
//
//	go test -bench . . | go run ./report
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	folder := flag.String("write", "", "the folder of performance.md and performance.svg; empty: only print")
	flag.Parse()
	if err := report(*folder); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report(folder string) error {
	results, err := parse(os.Stdin)
	if err != nil {
		return err
	}
	text := tables(results)
	fmt.Print(text)
	if folder == "" {
		return nil
	}
	page := filepath.Join(folder, "performance.md")
	before, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	after, err := replace(string(before), text)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	if err := os.WriteFile(page, []byte(after), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "performance.svg"), []byte(draw(results)), 0o644)
}
