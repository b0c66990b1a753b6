// Package dashboards has no code: it holds the tests of the dashboard and of the
// alert rules in this folder, by the parser and the engine of Prometheus. It is a
// module of its own, so that nobody else carries these.
package dashboards

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
)

// expression is one that the dashboard or a rule asks Prometheus.
type expression struct{ where, text string }

var promql = parser.NewParser(parser.Options{})

func rules(t testing.TB) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile("alerts.yml", false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
	require.Empty(t, errs)
	var all []rulefmt.Rule
	for _, group := range groups.Groups {
		all = append(all, group.Rules...)
	}
	require.NotEmpty(t, all)
	return all
}

// dashboard is what the tests look at of the JSON of Grafana.
type dashboard struct {
	Panels []struct {
		ID          int
		Type, Title string
		GridPos     struct{ H, W, X, Y int }
		Targets     []struct{ Expr, LegendFormat string }
	}
	Templating struct {
		List []struct{ Name, Definition string }
	}
}

func grafana(t *testing.T) dashboard {
	t.Helper()
	data, err := os.ReadFile("grafana.json")
	require.NoError(t, err)
	var d dashboard
	require.NoError(t, json.Unmarshal(data, &d))
	return d
}

// expressions are all of them, with what Grafana puts in for its variables.
func expressions(t *testing.T) []expression {
	t.Helper()
	var all []expression
	for _, rule := range rules(t) {
		all = append(all, expression{rule.Alert, rule.Expr})
	}
	for _, panel := range grafana(t).Panels {
		for _, target := range panel.Targets {
			all = append(all, expression{panel.Title, strings.NewReplacer("$__rate_interval", "5m", "$job", ".*", "$instance", ".*").Replace(target.Expr)})
		}
	}
	return all
}

// family is a metric of metrics.txt.
type family struct {
	kind   string
	labels []string
}

func families(t *testing.T) map[string]family {
	t.Helper()
	data, err := os.ReadFile("metrics.txt")
	require.NoError(t, err)
	all := make(map[string]family)
	for line := range strings.Lines(string(data)) {
		columns := strings.Fields(line)
		all[columns[0]] = family{columns[1], columns[2:]}
	}
	return all
}

func TestTheDashboardAndTheRulesAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	all := families(t)
	used := make(map[string]bool)
	for _, e := range expressions(t) {
		parsed, err := promql.ParseExpr(e.text)
		require.NoError(t, err, "%s: %s", e.where, e.text)
		var labels []string // of all metrics in it
		parser.Inspect(parsed, func(node parser.Node, path []parser.Node) error {
			selector, ok := node.(*parser.VectorSelector)
			if !ok {
				return nil
			}
			name, is := find(all, selector.Name)
			require.NotEmpty(t, name, "%s asks for %s", e.where, selector.Name)
			used[name] = true
			own := append([]string{"job", "instance", "__name__"}, is.labels...)
			if strings.HasSuffix(selector.Name, "_bucket") {
				own = append(own, "le")
			}
			labels = append(labels, own...)
			for _, matcher := range selector.LabelMatchers {
				require.Contains(t, own, matcher.Name, "%s asks %s for a label that it does not have", e.where, selector.Name)
			}
			_, isRange := path[len(path)-1].(*parser.MatrixSelector)
			require.Equal(t, is.kind != "gauge", isRange, "%s: only what grows has a rate, and all else has none: %s", e.where, selector.Name)
			return nil
		})
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			if aggregation, ok := node.(*parser.AggregateExpr); ok {
				for _, label := range aggregation.Grouping {
					require.Contains(t, labels, label, e.where)
				}
			}
			return nil
		})
	}
	for name := range all {
		require.True(t, used[name] || name == "target_info", "nobody would see %s", name)
	}
}

// find returns the metric that a series is of.
func find(all map[string]family, series string) (name string, is family) {
	for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
		name := strings.TrimSuffix(series, suffix)
		if is, ok := all[name]; ok && (is.kind == "histogram") == (suffix != "") {
			return name, is
		}
	}
	return "", family{}
}

func TestTheDashboardFitsTogether(t *testing.T) {
	t.Parallel()
	d := grafana(t)
	ids := make(map[int]bool)
	taken := make(map[[2]int]string)
	for _, panel := range d.Panels {
		require.False(t, ids[panel.ID], "two panels have the id %d", panel.ID)
		ids[panel.ID] = true
		require.NotEmpty(t, panel.Title)
		require.Equal(t, panel.Type == "row", len(panel.Targets) == 0, panel.Title)
		require.LessOrEqual(t, panel.GridPos.X+panel.GridPos.W, 24, panel.Title)
		for y := range panel.GridPos.H {
			for x := range panel.GridPos.W {
				at := [2]int{panel.GridPos.X + x, panel.GridPos.Y + y}
				require.Empty(t, taken[at], "%s covers another panel", panel.Title)
				taken[at] = panel.Title
			}
		}
		for _, target := range panel.Targets {
			require.Contains(t, target.Expr, `job=~"$job", instance=~"$instance"`, panel.Title)
			require.NotEmpty(t, target.LegendFormat, panel.Title)
		}
	}
	var names []string
	for _, variable := range d.Templating.List {
		names = append(names, variable.Name)
	}
	require.Equal(t, []string{"datasource", "job", "instance"}, names)
}

func TestEachRuleIsExplainedAndEachExplanationIsOfARule(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../operations.md")
	require.NoError(t, err)
	var explained []string
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "### Imm"); ok {
			explained = append(explained, "Imm"+strings.TrimSpace(name))
		}
	}
	var named []string
	for _, rule := range rules(t) {
		named = append(named, rule.Alert)
		require.Contains(t, []string{"warning", "critical"}, rule.Labels["severity"], rule.Alert)
		require.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
		require.Positive(t, rule.For, rule.Alert)
	}
	require.Equal(t, named, explained)
	for name := range families(t) {
		require.True(t, strings.Contains(string(data), "`"+name+"`") || name == "target_info", "%s is not explained", name)
	}
	for name, is := range families(t) {
		for _, label := range is.labels {
			require.True(t, strings.Contains(string(data), "`"+label+"`") || name == "target_info", "%s of %s is not explained", label, name)
		}
	}
}
