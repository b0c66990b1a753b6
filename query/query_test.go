package query_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/query"
)

type color string
type width uint16
type flag bool

func TestConditionsMarshalAsDocumented(t *testing.T) {
	t.Parallel()
	for want, condition := range map[string]imm.QueryCondition{
		`{"Field":"A","Operation":"eq","Value":"x"}`:                                                             query.Eq("A", "x"),
		`{"Field":"A","Operation":"gt","Value":"1"}`:                                                             query.Gt("A", 1),
		`{"Field":"A","Operation":"gte","Value":"1"}`:                                                            query.Gte("A", 1),
		`{"Field":"A","Operation":"lt","Value":"1"}`:                                                             query.Lt("A", 1),
		`{"Field":"A","Operation":"lte","Value":"1"}`:                                                            query.Lte("A", 1),
		`{"Field":"A","Operation":"exist"}`:                                                                      query.Exists("A"),
		`{"Field":"A","Operation":"prefix","Value":"oss://b"}`:                                                   query.Prefix("A", "oss://b"),
		`{"Field":"A","Operation":"match-phrase","Value":"b"}`:                                                   query.MatchPhrase("A", "b"),
		`{"Operation":"and","SubQueries":[{"Field":"A","Operation":"exist"},{"Field":"B","Operation":"exist"}]}`: query.And(query.Exists("A"), query.Exists("B")),
		`{"Operation":"or","SubQueries":[{"Field":"A","Operation":"exist"}]}`:                                    query.Or(query.Exists("A")),
		`{"Operation":"not","SubQueries":[{"Field":"A","Operation":"exist"}]}`:                                   query.Not(query.Exists("A")),
		`{"Field":"A","Operation":"nested","SubQueries":[{"Field":"A.B","Operation":"exist"}]}`:                  query.Nested("A", query.Exists("A.B")),
	} {
		data, err := json.Marshal(condition)
		require.NoError(t, err)
		require.Equal(t, want, string(data))
	}
}

func TestValuesOfEveryTypeBecomeText(t *testing.T) {
	t.Parallel()
	moment := time.Date(2024, 5, 1, 12, 30, 0, 0, time.FixedZone("", 8*60*60))
	for _, test := range []struct {
		condition imm.QueryCondition
		want      string
	}{
		{query.Eq("A", ""), ""},
		{query.Eq("A", "a b"), "a b"},
		{query.Eq("A", color("red")), "red"},
		{query.Eq("A", imm.MediaImage), "image"},
		{query.Eq("A", true), "true"},
		{query.Eq("A", flag(false)), "false"},
		{query.Eq("A", 1<<20), "1048576"},
		{query.Eq("A", int8(-1)), "-1"},
		{query.Eq("A", int64(math.MinInt64)), "-9223372036854775808"},
		{query.Eq("A", uint64(math.MaxUint64)), "18446744073709551615"},
		{query.Eq("A", width(65535)), "65535"},
		{query.Eq("A", 0.1), "0.1"},
		{query.Eq("A", float32(0.1)), "0.1"},
		{query.Eq("A", 1e21), "1000000000000000000000"},
		{query.Eq("A", -1e-7), "-0.0000001"},
		{query.Eq("A", moment), "2024-05-01T12:30:00+08:00"},
		{query.Eq("A", moment.UTC().Add(time.Nanosecond)), "2024-05-01T04:30:00.000000001Z"},
		{query.Eq("A", 90*time.Second), "90"},
		{query.Eq("A", 1500*time.Millisecond), "1.5"},
	} {
		require.Equal(t, test.want, test.condition.Value)
		require.Equal(t, imm.QueryEq, test.condition.Operation)
	}
}

func TestValuesThatCannotBeComparedAreRefusedWhenUsed(t *testing.T) {
	t.Parallel()
	for want, condition := range map[string]imm.QueryCondition{
		"gt with NaN, which is not a finite number":                      query.Gt("A", math.NaN()),
		"lte with -Inf, which is not a finite number":                    query.Lte("A", float32(math.Inf(-1))),
		"eq with 10000-01-01T00:00:00Z, which RFC 3339 cannot write":     query.Eq("A", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)),
		"lt with 2024-01-01T00:00:00+24:00, which RFC 3339 cannot write": query.Lt("A", time.Date(2024, 1, 1, 0, 0, 0, 0, time.FixedZone("", 24*60*60))),
	} {
		_, err := json.Marshal(query.Not(condition))
		var invalid *imm.ValidationError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "Query.SubQueries[0].Operation", invalid.Field)
		require.Contains(t, invalid.Reason, want)
		require.Contains(t, condition.String(), want)
	}
}

// nothing refuses to send anything.
type nothing struct{}

func (nothing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("sent") }

func TestImpossibleConditionsAreValidationErrorsWhenUsed(t *testing.T) {
	t.Parallel()
	client, err := imm.NewClient("cn-hangzhou", imm.StaticCredentials("id", "secret", ""), imm.WithHTTPClient(&http.Client{Transport: nothing{}}))
	require.NoError(t, err)
	deep := query.Exists("A")
	for range 5 {
		deep = query.And(deep)
	}
	for field, condition := range map[string]imm.QueryCondition{
		"Query.SubQueries":               query.And(),
		"Query.SubQueries[0].SubQueries": query.Not(query.Or()),
		"Query.Field":                    query.Exists(""),
		"Query.SubQueries[1].SubQueries": query.Or(query.Exists("A"), query.Nested("Labels")),
		"Query.SubQueries[0].SubQueries[0].SubQueries[0].SubQueries[0].SubQueries[0]": deep,
		"Query.Value": query.Eq("A", "\xff"),
	} {
		_, err := client.SimpleQuery(context.Background(), &imm.SimpleQueryRequest{ProjectName: "p", DatasetName: "d", Query: condition})
		var invalid *imm.ValidationError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, field, invalid.Field)
	}
}
