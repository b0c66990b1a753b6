package published

import (
	"os"
	"testing"

	"github.com/imm-go/imm/interop/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }
