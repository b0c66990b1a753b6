package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/examples"
	"github.com/imm-go/imm/immtest"
)

// noClient fails a test that reaches for the service.
func noClient(t *testing.T) func(string) (*imm.Client, error) {
	return func(string) (*imm.Client, error) {
		t.Error("a client of the service was made")
		return nil, context.Canceled
	}
}

// lineOf is the table's line for a URI, which two spaces follow at least.
func lineOf(t *testing.T, out, uri string) string {
	t.Helper()
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, uri+"  ") {
			return strings.TrimSuffix(line, "\n")
		}
	}
	require.Fail(t, "not in the table", uri)
	return ""
}

func TestTheDemoShowsEveryFileWithItsDimensions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out, errs bytes.Buffer
		require.Zero(t, run(t.Context(), nil, &out, &errs), errs.String())
		require.Empty(t, errs.String())
		files := 0
		err := fs.WalkDir(examples.Photos, ".", func(key string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			files++
			data, err := examples.Photos.ReadFile(key)
			line := lineOf(t, out.String(), "oss://test-bucket/"+key)
			require.True(t, strings.HasSuffix(line, " indexed"), line)
			require.Contains(t, line, fmt.Sprintf(" %d B ", len(data)))
			if config, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil {
				require.Contains(t, line, fmt.Sprintf(" %dx%d ", config.Width, config.Height))
			} else {
				require.NotContains(t, strings.TrimPrefix(line, "oss://test-bucket/"+key), "x0")
			}
			return err
		})
		require.NoError(t, err)
		require.Equal(t, 38, files)
		require.Contains(t, lineOf(t, out.String(), "oss://test-bucket/photos/landscapes/西湖.jpg"), " 560x420 ")
		require.Contains(t, lineOf(t, out.String(), "oss://test-bucket/photos/2024/birthday cake.jpg"), " category=Family year=2024 ")
		require.Contains(t, lineOf(t, out.String(), "oss://test-bucket/photos/missing.jpg"), "[InvalidArgument] File does not exist.")
		require.Contains(t, out.String(), "\n38 of 39 files are indexed.\nRequestId ")
		require.Contains(t, out.String(), "\nEventId ")
	})
}

func TestTheDemoShowsEachStateAndPhaseWhenItComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out, errs bytes.Buffer
		require.Zero(t, run(t.Context(), nil, &out, &errs), errs.String())
		require.Contains(t, out.String(), ""+
			"    0.0 s  State Ready     Phase \"\"\n"+
			"    0.2 s  State Running   Phase FullScanning\n"+
			"    0.5 s  State Running   Phase IncrementalScanning\n")
	})
}

func TestAnInterruptEndsTheDemoAtOnce(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{
		"before it began": 0, "while the binding is made ready": 100 * time.Millisecond,
		"while a message is awaited": 550 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				start := time.Now()
				var out, errs bytes.Buffer
				require.Equal(t, 130, run(ctx, nil, &out, &errs))
				require.Equal(t, "quickstart: interrupted\n", errs.String())
				require.Equal(t, after, time.Since(start))
			})
		})
	}
}

func TestFlagsThatMakeNoSenseAreRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, args, want string
	}{
		{"unknown", "-nonsense", "-nonsense; -h lists"},
		{"not a flag", "photo.jpg", `"photo.jpg" is not a flag`},
		{"a value too much", "-yes=perhaps", "perhaps"},
		{"half", "-region cn-hangzhou -bucket b", "missing: -project, -dataset"},
		{"only -yes", "-yes", "missing: -region, -project, -dataset, -bucket"},
		{"only -topic", "-topic t", "missing: -region"},
		{"a bucket without a name", "-bucket oss://", "missing: -region, -project, -dataset, -bucket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			got := command{&out, &errs, noClient(t)}.run(t.Context(), strings.Fields(c.args))
			require.Equal(t, 2, got)
			require.Empty(t, out.String())
			require.Contains(t, errs.String(), c.want)
			require.Equal(t, 1, strings.Count(errs.String(), "\n"), errs.String())
		})
	}
}

func TestHelpListsTheFlags(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	require.Zero(t, command{&out, &errs, noClient(t)}.run(t.Context(), []string{"-h"}))
	require.Empty(t, errs.String())
	for _, name := range []string{"-region", "-project", "-dataset", "-bucket", "-topic", "-yes"} {
		require.Contains(t, out.String(), "  "+name)
	}
}

const serviceFlags = "-region cn-hangzhou -project p -dataset d -bucket test-bucket -topic t"

func TestWithoutYesTheCostsAreNamedAndNothingIsSent(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	require.Equal(t, 2, command{&out, &errs, noClient(t)}.run(t.Context(), strings.Fields(serviceFlags)))
	require.Empty(t, out.String())
	require.Contains(t, errs.String(), "costs money in proportion to their number; nothing was sent, add -yes")
	require.Equal(t, 1, strings.Count(errs.String(), "\n"))
}

// withServer runs the way to the service with a server in its place.
func withServer(t *testing.T, server *immtest.Server, args string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := command{&stdout, &stderr, func(region string) (*imm.Client, error) {
		require.Equal(t, "cn-hangzhou", region)
		return server.Client(), nil
	}}
	code = c.run(t.Context(), strings.Fields(args))
	return code, stdout.String(), stderr.String()
}

func TestWithYesTheSameIsDoneWithTheService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithBucket("test-bucket", examples.Photos), immtest.WithIndexDelay(20*time.Second))
		defer server.Close()
		for _, bound := range []string{"RequestId ", "the bucket is bound already"} {
			code, out, errs := withServer(t, server, serviceFlags+" -yes")
			require.Zero(t, code, errs)
			require.Contains(t, out, bound)
			require.Contains(t, out, "costs money")
			require.Contains(t, out, "EventId ")
			require.Contains(t, out, "goes to TopicName t. This SDK cannot receive it from there yet")
			require.Contains(t, lineOf(t, out, "oss://test-bucket/photos/animals/猫.jpg"), " 256x256     category=Pets ")
			require.Contains(t, lineOf(t, out, "oss://test-bucket/photos/missing.jpg"), "not in the dataset")
		}
		require.Len(t, server.Bindings(), 1)
	})
}

func TestARunWithTheServiceGivesUpWaitingForLabels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
		defer server.Close()
		start := time.Now()
		code, out, errs := withServer(t, server, "-region cn-hangzhou -project p -dataset d -bucket oss://test-bucket/ -yes")
		require.Zero(t, code, errs)
		require.Contains(t, out, "No topic was named")
		require.Equal(t, 39, strings.Count(out, "not in the dataset\n"))
		require.Less(t, time.Since(start), 2*time.Minute)
	})
}

func TestARefusalOfTheServiceIsToldInOneSentence(t *testing.T) {
	t.Parallel()
	for action, fault := range map[string]immtest.Fault{
		"CreateBinding":      {Code: "NoPermission", Message: "no"},
		"GetBinding":         {Body: `{"Binding":{"State":"Failed","Reason":"no such role"},"RequestId":"R"}`},
		"BatchIndexFileMeta": {Code: "ResourceNotFound", Message: "no"},
		"BatchGetFileMeta":   {Code: "NoPermission", Message: "no"},
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := immtest.NewServer(immtest.WithBucket("test-bucket", nil))
				defer server.Close()
				fault.Action = action
				server.Inject(fault)
				code, _, errs := withServer(t, server, serviceFlags+" -yes")
				require.Equal(t, 1, code)
				require.Equal(t, 1, strings.Count(errs, "\n"), errs)
			})
		})
	}
}

func TestAValueThatCannotBeSentIsAWrongFlag(t *testing.T) {
	t.Parallel()
	server := immtest.NewServer()
	defer server.Close()
	code, _, errs := withServer(t, server, "-region cn-hangzhou -project 1 -dataset d -bucket b -yes")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "ProjectName")
	require.Empty(t, server.Requests())

	_, err := connect("no region")
	require.ErrorContains(t, err, "region")
}

func TestWhatIsNotAsPromisedIsNamed(t *testing.T) {
	t.Parallel()
	j := &job{bucket: "b"}
	photos := []photo{{key: "photos/a.png", size: 7, dims: image.Pt(2, 1)}}
	good := func() ([]row, *imm.IndexMessage) {
		m := &imm.IndexMessage{Success: true}
		for _, f := range j.batch() {
			m.Files = append(m.Files, imm.IndexedFile{URI: f.URI})
		}
		m.Files[len(m.Files)-1].Error = "[InvalidArgument] File does not exist."
		return []row{{file{URI: "oss://b/photos/a.png", Size: 7, ImageWidth: 2, ImageHeight: 1}, indexed}}, m
	}
	all, message := good()
	require.NoError(t, check(j, photos, all, message))
	for want, spoil := range map[string]func(all []row, m *imm.IndexMessage){
		"a.png: it exists and is not indexed":       func(all []row, _ *imm.IndexMessage) { all[0].outcome = "not in the dataset" },
		"a.png: it exists and is not indexed: ":     func(all []row, _ *imm.IndexMessage) { all[0].URI = "oss://b/other" },
		"a.png: its size is 7 bytes, not 8":         func(all []row, _ *imm.IndexMessage) { all[0].Size = 8 },
		"a.png: it has (2,1) pixels, not (1,2)":     func(all []row, _ *imm.IndexMessage) { all[0].ImageWidth, all[0].ImageHeight = 1, 2 },
		"missing.jpg: it does not exist, and the":   func(_ []row, m *imm.IndexMessage) { m.Files[len(m.Files)-1].Error = "" },
		"missing.jpg: the message does not name it": func(_ []row, m *imm.IndexMessage) { m.Files = m.Files[:len(m.Files)-1] },
		"猫.jpg: the message does not name it":       func(_ []row, m *imm.IndexMessage) { m.Files = m.Files[:1] },
	} {
		all, message := good()
		spoil(all, message)
		require.ErrorContains(t, check(j, photos, all, message), want)
	}
}

func TestARowTellsWhyAFileIsNotIndexed(t *testing.T) {
	t.Parallel()
	found := map[string]file{
		"oss://b/1": {ObjectStatus: "Indexed"},
		"oss://b/2": {ObjectStatus: "Failed", Reason: "too large"},
		"oss://b/3": {ObjectStatus: "Indexed"},
	}
	uris := []string{"oss://b/1", "oss://b/2", "oss://b/3", "oss://b/4"}
	message := &imm.IndexMessage{Success: true, Files: []imm.IndexedFile{{URI: "oss://b/3", Error: "[X] no"}, {URI: "oss://c/3", Error: "other"}}}
	var outcomes []string
	for _, r := range rows(uris, found, message) {
		outcomes = append(outcomes, r.outcome)
	}
	require.Equal(t, []string{indexed, "ObjectStatus Failed too large", "[X] no", "not in the dataset"}, outcomes)
}
