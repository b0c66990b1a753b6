package bulk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
)

func TestAConfigThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for field, change := range map[string]func(*bulk.Config){
		"Config.ProjectName":   func(c *bulk.Config) { c.ProjectName = "" },
		"Config.DatasetName":   func(c *bulk.Config) { c.DatasetName = "" },
		"Config.Rate":          func(c *bulk.Config) { c.Rate = -1 },
		"Config.Concurrency":   func(c *bulk.Config) { c.Concurrency = -1 },
		"Config.BatchFiles":    func(c *bulk.Config) { c.BatchFiles = 101 },
		"Config.BatchBytes":    func(c *bulk.Config) { c.BatchBytes = -1 },
		"Config.BatchAge":      func(c *bulk.Config) { c.BatchAge = -1 },
		"Config.RetryFor":      func(c *bulk.Config) { c.RetryFor = -1 },
		"Config.Grace":         func(c *bulk.Config) { c.Grace = -1 },
		"Config.Confirm":       func(c *bulk.Config) { c.Confirm = 3 },
		"Config.Tracker":       func(c *bulk.Config) { c.Confirm = bulk.ByMessages },
		"Config.ConfirmWithin": func(c *bulk.Config) { c.ConfirmWithin = -1 },
		"Config.Resend":        func(c *bulk.Config) { c.Resend = 1 },
	} {
		c := config()
		change(&c)
		_, err := bulk.New(server.Client(), c)
		var refused *imm.ValidationError
		require.ErrorAs(t, err, &refused, field)
		require.Equal(t, field, refused.Field)
		require.Equal(t, "bulk.New", refused.Action)
	}
	_, err := bulk.New(nil, config())
	require.ErrorIs(t, err, imm.ErrInvalidArgument)
}
