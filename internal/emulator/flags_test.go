package emulator

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFlagsThatMakeNoSenseAreRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, busy.Close()) }) // after the parallel parts

	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown":                     {[]string{"-nonsense"}, "-nonsense; -h lists"},
		"not a flag":                  {[]string{"photos"}, `"photos" is not a flag`},
		"a folder that is missing":    {[]string{"-bucket", "b=" + folder + "/missing"}, "the folder cannot be read"},
		"a file in place of one":      {[]string{"-bucket", "b=" + file}, "is a file, not a folder"},
		"a bucket without a name":     {[]string{"-bucket", "=" + folder}, "it is name=folder"},
		"a folder without a name":     {[]string{"-bucket", folder}, "it is name=folder"},
		"a bucket without anything":   {[]string{"-bucket", ""}, "it is name=folder"},
		"two buckets of one name":     {[]string{"-bucket", "b", "-bucket", "b=" + folder}, "two buckets of the name b"},
		"a project that is no name":   {[]string{"-project", "1st"}, "-project"},
		"a long project":              {[]string{"-project", strings.Repeat("p", 129)}, "-project"},
		"a project twice":             {[]string{"-project", "p", "-project", "p:T"}, "each name once"},
		"a dataset without project":   {[]string{"-dataset", "d"}, "project/dataset"},
		"a dataset with more":         {[]string{"-dataset", "p/d/e"}, "project/dataset"},
		"a dataset twice":             {[]string{"-dataset", "p/d", "-dataset", "p/d:T"}, "each dataset once"},
		"an id without a secret":      {[]string{"-access-key-id", "id"}, "go together"},
		"a secret without an id":      {[]string{"-access-key-secret", "s3cret"}, "go together"},
		"a token without a key":       {[]string{"-security-token", "t0ken"}, "-security-token needs"},
		"a negative rate":             {[]string{"-qps", "-1"}, "-qps"},
		"a rate that is no number":    {[]string{"-qps", "NaN"}, "-qps"},
		"an endless rate":             {[]string{"-qps", "Inf"}, "-qps"},
		"a rate in words":             {[]string{"-qps", "many"}, "-qps"},
		"a time without a unit":       {[]string{"-index-delay", "5"}, "-index-delay"},
		"a negative delay":            {[]string{"-index-delay", "-1s"}, "-index-delay cannot be negative"},
		"a negative ready time":       {[]string{"-ready-time", "-1s"}, "-ready-time cannot"},
		"a negative scan":             {[]string{"-full-scan-time", "-1s"}, "-full-scan-time cannot"},
		"a negative interval":         {[]string{"-rescan-interval", "-1s"}, "-rescan-interval cannot"},
		"a negative timeout":          {[]string{"-idle-timeout", "-1s"}, "-idle-timeout cannot"},
		"an unknown message format":   {[]string{"-message-format", "xml"}, "bare or wrapped"},
		"an unknown log format":       {[]string{"-log", "xml"}, "text or json"},
		"a queue without a name":      {[]string{"-queue", "=30s"}, "name[=visibility]"},
		"a queue twice":               {[]string{"-queue", "q", "-queue", "q=1s"}, "each name once"},
		"a visibility without a unit": {[]string{"-queue", "q=30"}, "visibility timeout"},
		"a visibility of nothing":     {[]string{"-queue", "q="}, "visibility timeout"},
		"a visibility of zero":        {[]string{"-queue", "q=0s"}, "visibility timeout"},
		"a subscription to nothing":   {[]string{"-subscription", "=http://localhost"}, "topic=URL"},
		"a topic without an address":  {[]string{"-subscription", "t"}, "topic=URL"},
		"an address without a scheme": {[]string{"-subscription", "t=localhost:80"}, "no address such as"},
		"a queue that has no name":    {[]string{"-subscription", "t=queue:"}, "the queue has no name"},
		"a queue that is no name":     {[]string{"-subscription", "t=queue:a/b"}, "Queue"},
		"an unknown format":           {[]string{"-subscription", "t=http://localhost,format=yaml"}, "none of xml, json, simplified"},
		"an unknown strategy":         {[]string{"-subscription", "t=queue:q,strategy=never"}, "none of backoff, exponential"},
		"a format of nothing":         {[]string{"-subscription", "t=queue:q,format="}, "the setting format has no value"},
		"a format twice":              {[]string{"-subscription", "t=queue:q,format=xml,format=json"}, "there twice"},
		"an unknown setting":          {[]string{"-subscription", "t=http://localhost/?a=1,2"}, "only format and strategy"},
		"a target without a scheme":   {[]string{"-eventbridge", "localhost,token=t0ken"}, "no address such as"},
		"a target of nothing":         {[]string{"-eventbridge", ""}, "nowhere to go"},
		"a misspelt token":            {[]string{"-eventbridge", "http://localhost,tokens=t0ken"}, "only token and region"},
		"an unknown region":           {[]string{"-eventbridge", "http://localhost,region=x/y"}, "Region"},
		"an address without a port":   {[]string{"-addr", "127.0.0.1"}, "missing port"},
		"an address in use":           {[]string{"-addr", busy.Addr().String()}, "-addr chooses another"},
		"a port that does not exist":  {[]string{"-addr", "127.0.0.1:99999"}, "-addr"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience) // if it is accepted after all
			defer cancel()
			var out, errs bytes.Buffer
			require.Equal(t, 2, run(ctx, c.args, &out, &errs))
			require.Empty(t, out.String())
			require.Contains(t, errs.String(), c.want)
			require.True(t, strings.HasPrefix(errs.String(), "imm-emulator: "))
			require.Equal(t, 1, strings.Count(errs.String(), "\n"), errs.String())
			require.NotContains(t, errs.String(), "s3cret")
			require.NotContains(t, errs.String(), "t0ken")
		})
	}
}

func TestHelpListsTheFlags(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"-h"}, &out, &errs))
	require.Empty(t, errs.String())
	for name := range strings.FieldsSeq("addr access-key-id access-key-secret security-token bucket project dataset qps strict index-delay " +
		"ready-time full-scan-time clock-offset message-format idle-timeout rescan-interval version log subscription queue eventbridge") {
		require.Contains(t, out.String(), "  -"+name)
	}
}

func TestTheVersionIsPrinted(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"-version"}, &out, &errs))
	require.Empty(t, errs.String())
	require.Equal(t, "imm-emulator v1.2.3\n", out.String())
}
