package natsbulk

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/imm-go/imm/bulk"
)

// anyMessages are outcomes of batches of three files, in any order and number.
func anyMessages(t *rapid.T) []*outcomes {
	statuses := rapid.SampledFrom([]string{bulk.Accepted.String(), bulk.Indexed.String(), bulk.Failed.String()})
	return rapid.SliceOf(rapid.Custom(func(t *rapid.T) *outcomes {
		m := &outcomes{Batch: rapid.Uint64Range(1, 6).Draw(t, "batch"), Size: 3}
		for _, index := range rapid.SliceOfNDistinct(rapid.IntRange(0, 2), 1, 3, rapid.ID).Draw(t, "files") {
			m.Files = append(m.Files, outcome{Index: index, Status: statuses.Draw(t, "status")})
		}
		return m
	})).Draw(t, "messages")
}

func TestEachFileIsCountedOnceByItsFirstOutcome(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type file struct {
			batch uint64
			index int
		}
		first := make(map[file]string)
		var want Counts
		counted := new(tally)
		for i, m := range anyMessages(t) {
			fresh := 0
			for _, f := range m.Files {
				at := file{m.Batch, f.Index}
				if _, known := first[at]; known {
					want.Twice++
					continue
				}
				fresh++
				first[at] = f.Status
				switch f.Status {
				case "accepted":
					want.Accepted++
				case "indexed":
					want.Indexed++
				case "failed":
					want.Failed++
				}
			}
			require.Equal(t, fresh, counted.add(uint64(i+1), m))
			if rapid.Bool().Draw(t, "restart") { // another collector goes on
				data, err := counted.bytes()
				require.NoError(t, err)
				counted, err = readTally(data)
				require.NoError(t, err)
			}
		}
		require.Equal(t, want, counted.Counts)
		for batch := uint64(1); batch <= 6; batch++ {
			files := 0
			for index := range 3 {
				_, known := first[file{batch, index}]
				require.Equal(t, known, counted.knows(batch, index))
				if known {
					files++
				}
			}
			require.Equal(t, files == 3, counted.done.has(batch))
			require.Equal(t, files == 1 || files == 2, counted.Partial[batch] != nil)
		}
	})
}

func TestATallyThatIsDamagedIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `7`, `{"Done":"AA=="}`, `{"Done":7}`} {
		_, err := readTally([]byte(text))
		require.Error(t, err, text)
	}
}

func FuzzOutcomesThatAreTakenCanBeCounted(f *testing.F) {
	f.Add([]byte(`{"Batch":1,"Size":2,"Files":[{"Index":1,"URI":"oss://b/o","Status":"failed","Error":"no","File":{"URI":"oss://b/o"}}]}`))
	f.Add([]byte(`{"Batch":1,"Size":2,"RequestID":"r","Files":[{"Index":0,"URI":"oss://b/o","Status":"accepted"}]}`))
	f.Add([]byte(`{"Batch":1,"Size":2,"Files":[{"Index":2,"Status":"accepted"}]}`))
	f.Add([]byte(`{"Batch":1,"Size":2,"Files":[{"Index":-1,"Status":"accepted"}]}`))
	f.Add([]byte(`{"Batch":1,"Size":100000000000,"Files":[{"Status":"accepted"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeOutcomes(data)
		if err != nil {
			return
		}
		counted := new(tally)
		fresh := counted.add(1, m)
		require.EqualValues(t, len(m.Files), int64(fresh)+counted.Twice)
		require.EqualValues(t, fresh, counted.Accepted+counted.Indexed+counted.Failed)
		for i := range m.Files {
			require.NotEqual(t, bulk.Unsent, m.result(&m.Files[i]).Status)
		}
	})
}

func FuzzABatchThatIsTakenHasFilesAndANumber(f *testing.F) {
	f.Add([]byte(`{"Items":[{"File":{"URI":"oss://b/o"},"Position":"1"}]}`))
	f.Add([]byte(`{"Number":7,"Items":[{"Position":"1","Error":"no file"}]}`))
	f.Add([]byte(`{"Items":[]}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := decodeWork(data, 3)
		if err != nil {
			return
		}
		var plain struct{ Items []json.RawMessage }
		require.NoError(t, json.Unmarshal(data, &plain))
		require.Len(t, b.Items, len(plain.Items))
		require.NotEmpty(t, b.Items)
		require.Positive(t, b.Number)
	})
}

func TestAStatusIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for _, s := range []bulk.Status{bulk.Accepted, bulk.Indexed, bulk.Failed} {
		read, ok := statusOf(s.String())
		require.True(t, ok)
		require.Equal(t, s, read)
	}
	for _, text := range []string{"", "unsent", "Accepted", "unknown"} {
		_, ok := statusOf(text)
		require.False(t, ok, text)
	}
}

func TestAnUnconfirmedFileIsStillOneWhenItIsRead(t *testing.T) {
	t.Parallel()
	m := &outcomes{Batch: 1, Size: 1, Files: []outcome{{Status: "accepted", Error: "bulk: not confirmed within 1h"}}}
	r := m.result(&m.Files[0])
	require.ErrorIs(t, r.Err, bulk.ErrUnconfirmed)
	require.EqualError(t, r.Err, "bulk: not confirmed within 1h")
	m.Files[0].Status = "failed"
	require.NotErrorIs(t, m.result(&m.Files[0]).Err, bulk.ErrUnconfirmed)
}
