package bulk

import (
	"context"
	"iter"

	"github.com/imm-go/imm"
)

// Item is one file of a source, and where it stands there.
type Item struct {
	File imm.InputFile
	// Position names the place of the item in its source. Nobody but the source
	// understands it. No two items of a source have the same, and it is not empty.
	Position string
}

// Source yields the files of a list. It is used by one goroutine at a time.
type Source interface {
	// Fingerprint tells the list from every other one, so that a journal is not
	// used for another list. It is the same as long as positions mean the same.
	Fingerprint(ctx context.Context) (string, error)
	// Items yields the items in an order that is the same each time. After is the
	// Position of an item that was yielded in an earlier run, and only the items
	// behind it come; empty text is the beginning. An item that cannot be read
	// comes with its Position and an error; whoever goes on with the loop gets the
	// next one. An error without a Position is the last thing that comes.
	Items(ctx context.Context, after string) iter.Seq2[Item, error]
}
