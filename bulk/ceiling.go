package bulk

import (
	"context"
	"time"

	"github.com/imm-go/imm"
)

// ceilingTime is how long the first call waits for the answer to how fast the
// project may be used.
const ceilingTime = 5 * time.Second

// findCeiling tells the pacer how fast the project may be used: as the user says,
// or else as the project does. If that gives no answer, no ceiling is known.
func (x *Indexer) findCeiling() {
	if x.config.Pacer != nil {
		return
	}
	if x.config.Rate > 0 {
		x.pace.limitTo(x.config.Rate)
		return
	}
	ctx, cancel := context.WithTimeout(x.asks, ceilingTime)
	defer cancel()
	// Whoever may index need not be allowed to do this. Other errors come again
	// with the first batch.
	found, err := x.client.GetProject(ctx, &imm.GetProjectRequest{ProjectName: x.config.ProjectName})
	if err == nil && found.Project.ProjectQueriesPerSecond > 0 {
		x.pace.limitTo(float64(found.Project.ProjectQueriesPerSecond))
	}
}
