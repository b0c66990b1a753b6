package transport

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHintsAreReadFromEveryHeader(t *testing.T) {
	t.Parallel()
	const date = "Tue, 24 Nov 2026 22:00:00 GMT"
	for name, tt := range map[string]struct {
		header map[string]string
		want   time.Duration
	}{
		"none":                          {nil, 0},
		"the gateway's":                 {map[string]string{"X-Acs-Retry-After": "1500"}, 1500 * time.Millisecond},
		"with space":                    {map[string]string{"X-Acs-Retry-After": " 1500 "}, 1500 * time.Millisecond},
		"zero":                          {map[string]string{"X-Acs-Retry-After": "0"}, 0},
		"zero, and another":             {map[string]string{"X-Acs-Retry-After": "0", "Retry-After": "2"}, 2 * time.Second},
		"negative":                      {map[string]string{"X-Acs-Retry-After": "-1500"}, 0},
		"a fraction":                    {map[string]string{"X-Acs-Retry-After": "1.5"}, 0},
		"text":                          {map[string]string{"X-Acs-Retry-After": "soon"}, 0},
		"empty":                         {map[string]string{"X-Acs-Retry-After": ""}, 0},
		"more than fits":                {map[string]string{"X-Acs-Retry-After": "99999999999999999999"}, 0},
		"the largest":                   {map[string]string{"X-Acs-Retry-After": "2147483647"}, 2147483647 * time.Millisecond},
		"malformed, and another":        {map[string]string{"X-Acs-Retry-After": "soon", "X-Ratelimit-User": "TimeLeft:7"}, 7 * time.Millisecond},
		"the gateway's wins":            {map[string]string{"X-Acs-Retry-After": "5", "X-Ratelimit-User": "TimeLeft:2000", "Retry-After": "9"}, 5 * time.Millisecond},
		"the user's":                    {map[string]string{"X-Ratelimit-User": "Limit:1,Remain:0,TimeLeft:2000,Reset:1234"}, 2 * time.Second},
		"the operation's":               {map[string]string{"X-Ratelimit-User-Api": "Limit:1,Remain:0,TimeLeft:3000,Reset:1234"}, 3 * time.Second},
		"the larger of both":            {map[string]string{"X-Ratelimit-User": "TimeLeft:2000", "X-Ratelimit-User-Api": "TimeLeft:3000"}, 3 * time.Second},
		"the other way round":           {map[string]string{"X-Ratelimit-User": "TimeLeft:4000", "X-Ratelimit-User-Api": "TimeLeft:3000"}, 4 * time.Second},
		"one of both malformed":         {map[string]string{"X-Ratelimit-User": "TimeLeft:x", "X-Ratelimit-User-Api": "TimeLeft:3000"}, 3 * time.Second},
		"spaces between":                {map[string]string{"X-Ratelimit-User": "Limit:1, TimeLeft: 2000 , Reset:1"}, 2 * time.Second},
		"no time left":                  {map[string]string{"X-Ratelimit-User": "Limit:1,Remain:0"}, 0},
		"another name":                  {map[string]string{"X-Ratelimit-User": "NotTimeLeft:2000,timeleft:1"}, 0},
		"negative time left":            {map[string]string{"X-Ratelimit-User": "TimeLeft:-2000"}, 0},
		"too much time left":            {map[string]string{"X-Ratelimit-User": "TimeLeft:99999999999"}, 0},
		"only commas":                   {map[string]string{"X-Ratelimit-User": ",,,"}, 0},
		"seconds":                       {map[string]string{"Retry-After": "2"}, 2 * time.Second},
		"negative seconds":              {map[string]string{"Retry-After": "-2"}, 0},
		"too many seconds":              {map[string]string{"Retry-After": "99999999999"}, 0},
		"most seconds":                  {map[string]string{"Retry-After": "2147483647"}, 2147483647 * time.Second},
		"half seconds":                  {map[string]string{"Retry-After": "1.5"}, 0},
		"a date":                        {map[string]string{"Retry-After": "Tue, 24 Nov 2026 22:00:30 GMT", "Date": date}, 30 * time.Second},
		"a date that is over":           {map[string]string{"Retry-After": "Tue, 24 Nov 2026 21:00:00 GMT", "Date": date}, 0},
		"a date of which no clock says": {map[string]string{"Retry-After": "Tue, 24 Nov 1970 21:00:00 GMT"}, 0},
		"no date":                       {map[string]string{"Retry-After": "tomorrow", "Date": date}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			for name, value := range tt.header {
				header.Set(name, value)
			}
			require.Equal(t, tt.want, RetryAfter(header))
		})
	}
	header := http.Header{"Retry-After": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}
	require.InDelta(t, time.Hour, RetryAfter(header), float64(time.Minute), "without a date of the service ours counts")
}
