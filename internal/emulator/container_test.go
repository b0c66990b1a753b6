package emulator

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheContainerHasNoShellAndNoRoot(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "Dockerfile"))
	require.NoError(t, err)
	for _, line := range []string{
		"RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags \"-s -w -X main.version=${VERSION}\" -o /imm-emulator ./cmd/imm-emulator\n",
		"\nFROM scratch\n", "\nUSER 65532:65532\n", "\nEXPOSE 8787\n", "\nENTRYPOINT [\"/imm-emulator\", \"-addr\", \"0.0.0.0:8787\"]\n",
	} {
		require.Contains(t, string(text), line)
	}
	_, err = Program{}.parse([]string{"-addr", "0.0.0.0:8787", "-addr", "127.0.0.1:1"}, nil)
	require.NoError(t, err, "flags may come again")
}
