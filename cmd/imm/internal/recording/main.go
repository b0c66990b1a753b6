// Command recording runs imm index at a terminal of 80 columns, against the
// emulator, and writes what is to be seen as text.
//
//	go run ./internal/recording -to ../../docs/recordings/imm-index.txt
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/creack/pty"

	"github.com/imm-go/imm/immtest"
)

const (
	files   = 60_000
	columns = 80
	rows    = 24
)

// frames are the times at which the bar is shown, from the answer on.
var frames = []time.Duration{time.Second, 3 * time.Second, 5 * time.Second}

func main() {
	to := flag.String("to", "imm-index.txt", "`file` to write")
	flag.Parse()
	text, err := record(context.Background())
	if err == nil {
		err = os.WriteFile(*to, []byte(text), 0o666)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

func record(ctx context.Context) (text string, err error) {
	folder, err := os.MkdirTemp("", "recording")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	binary := filepath.Join(folder, "imm")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/imm-go/imm/cmd/imm").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build imm: %w: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(folder, "uris.txt"), list(), 0o600); err != nil {
		return "", err
	}
	server := immtest.NewServer(immtest.WithQPS(100), immtest.WithIndexDelay(0))
	defer server.Close()

	const shown = "imm index --project photos --dataset all --from uris.txt --journal uris.journal --rate 95"
	cmd := exec.CommandContext(ctx, binary, append(strings.Fields(shown)[1:], "--endpoint", server.URL())...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "TERM=xterm", "ALIBABA_CLOUD_ACCESS_KEY_ID="+immtest.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+immtest.AccessKeySecret)
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: columns})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, terminal.Close()) }()
	s := new(screen)
	if err := watch(terminal, s); err != nil {
		return "", err
	}
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != 1 { // one line is no file
		return "", err
	}
	s.above("", "(at the end)")
	return "$ " + shown + "\n" + s.text(), nil
}

// list is the list that is indexed. One line of it is no file.
func list() []byte {
	var b strings.Builder
	for i := range files {
		if i == files/2 {
			b.WriteString("photos/2024/without-a-bucket.jpg\n")
		}
		fmt.Fprintf(&b, "oss://my-bucket/photos/%d/IMG_%05d.jpg\n", 2015+i*10/files, i)
	}
	return []byte(b.String())
}

// watch answers the question and keeps a frame of the bar at each of the times.
func watch(terminal io.ReadWriter, s *screen) error {
	var answered time.Time
	next := 0
	chunk := make([]byte, 4096)
	for {
		n, err := terminal.Read(chunk)
		s.write(chunk[:n])
		if err != nil {
			return nil //nolint:nilerr // a terminal whose program ended has nothing to read, which Linux calls an error
		}
		switch {
		case answered.IsZero() && strings.HasSuffix(s.last(), "[y/N] "):
			answered = time.Now()
			if _, err := io.WriteString(terminal, "y\n"); err != nil {
				return err
			}
		case !answered.IsZero() && next < len(frames) && time.Since(answered) >= frames[next]:
			s.keep(fmt.Sprintf("(after %v)", frames[next]))
			next++
		}
	}
}
