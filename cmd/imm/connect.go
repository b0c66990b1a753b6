package main

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imm-go/imm"
)

// The environment variables beside those of the keys.
const (
	envRegion   = "ALIBABA_CLOUD_REGION_ID"
	envEndpoint = "IMM_ENDPOINT" // of this program alone: other tools have no such address
)

// connect makes the client that the flags and the environment describe. Nothing is
// sent before its first call.
func (p *program) connect(opts ...imm.Option) (*imm.Client, error) {
	creds, err := p.credentials()
	if err != nil {
		return nil, err
	}
	return p.connectWith(creds, opts...)
}

func (p *program) connectWith(creds imm.CredentialsProvider, opts ...imm.Option) (*imm.Client, error) {
	region, err := p.regionID()
	if err != nil {
		return nil, err
	}
	all := []imm.Option{imm.WithUserAgent("imm-cli"), imm.WithObserver(p.telemetry.clientObserver())}
	if address := p.address(); address != "" {
		if u, err := url.Parse(address); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
			return nil, usagef("%s: http is only for this machine, because others could read along; use https", p.settingOf("WithEndpoint"))
		}
		all = append(all, imm.WithEndpoint(address))
	}
	all = append(all, p.options...)
	client, err := imm.NewClient(region, creds, append(all, opts...)...)
	if wrong, ok := errors.AsType[*imm.ValidationError](err); ok {
		return nil, usagef("%s: %s", p.settingOf(wrong.Field), wrong.Reason)
	}
	return client, err
}

// address is the endpoint that was named; empty: none.
func (p *program) address() string { return cmp.Or(p.endpoint, p.getenv(envEndpoint)) }

// settingOf is the flag or the variable that set what NewClient refused.
func (p *program) settingOf(field string) string {
	switch {
	case field == "region" && p.region == "":
		return envRegion
	case field == "region":
		return "--region"
	case field == "WithEndpoint" && p.endpoint == "":
		return envEndpoint
	case field == "WithEndpoint":
		return "--endpoint"
	}
	return field
}

// regionID is the region that was asked for. With an endpoint it names nothing that
// the service would look at, so any will do.
func (p *program) regionID() (string, error) {
	region := cmp.Or(p.region, p.getenv(envRegion))
	switch {
	case region == "" && p.address() != "":
		return "cn-hangzhou", nil
	case region == "":
		return "", usagef("no region is named; add --region, such as --region cn-hangzhou, or set %s", envRegion)
	}
	return region, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// call makes of work with a client the run of a command.
func (p *program) call(work func(ctx context.Context, client *imm.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		client, err := p.connect()
		if err != nil {
			return err
		}
		defer client.CloseIdleConnections()
		return work(cmd.Context(), client, args)
	}
}

// target is the dataset that a command works on.
type target struct{ project, dataset string }

func (t *target) addFlags(cmd *cobra.Command) {
	t.addProjectFlag(cmd)
	cmd.Flags().StringVarP(&t.dataset, "dataset", "d", "", "`NAME` of the dataset")
	completeNothing(cmd, "dataset")
}

func (t *target) addProjectFlag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&t.project, "project", "p", "", "`NAME` of the project")
	completeNothing(cmd, "project")
}

// check wants both names.
func (t *target) check() error {
	if err := t.checkProject(); err != nil {
		return err
	}
	if t.dataset == "" {
		return usagef("--dataset is missing; imm dataset list --project %s shows which there are", printable(t.project))
	}
	return nil
}

func (t *target) checkProject() error {
	if t.project == "" {
		return usagef("--project is missing; imm project list shows which there are")
	}
	return nil
}
