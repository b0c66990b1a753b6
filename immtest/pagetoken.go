package immtest

import "encoding/json"

// place is where a file stands in the order of a query, as a page token holds it:
// by the values that it was sorted by and its URI, not by a number, so that pages
// neither repeat nor leave out a file while others come and go. Text is bytes,
// because the key of an object need not be valid UTF-8.
type place struct {
	URI  []byte
	Keys []placeKey `json:",omitempty"`
}

type placeKey struct {
	Present bool    `json:",omitempty"`
	Whole   int64   `json:",omitempty"`
	Nanos   int64   `json:",omitempty"`
	Float   float64 `json:",omitempty"`
	Text    []byte  `json:",omitempty"`
}

func placeOf(h *hit) string {
	p := place{URI: []byte(h.uri)}
	for _, k := range h.keys {
		p.Keys = append(p.Keys, placeKey{k.present, k.whole, k.nanos, k.float, []byte(k.text)})
	}
	text, _ := json.Marshal(p) // a number of a file is finite
	return string(text)
}

// after is the place behind which a page begins; nil for the first page. The seal
// of a token is of the query and the place, so what it holds is what placeOf wrote
// for this very query.
func (run *search) after() *hit {
	if !run.pager.begun {
		return nil
	}
	var p place
	_ = json.Unmarshal([]byte(run.pager.after), &p)
	last := &hit{uri: string(p.URI)}
	for _, k := range p.Keys {
		last.keys = append(last.keys, sortKey{k.Present, k.Whole, k.Nanos, k.Float, string(k.Text)})
	}
	return last
}
