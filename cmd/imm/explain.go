package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/imm-go/imm"
)

// explained is the text of an error as somebody reads it at a terminal: sources of
// keys are one a line, and a signature that is refused comes without all that was
// signed.
func (p *program) explained(err error) string {
	text := err.Error()
	if refused, ok := errors.AsType[*imm.APIError](err); ok && refused.Code == "SignatureDoesNotMatch" {
		short := *refused
		short.Message = "the secret does not belong to the key, or something on the way changes requests"
		text = strings.ReplaceAll(text, refused.Error(), short.Error())
	}
	return p.sourceLines(text)
}

// sourceLines puts each source of keys that gave none into a line of its own. One
// that is set by half comes first: that is the one which was meant.
func (p *program) sourceLines(text string) string {
	const intro = "no source gave credentials: ("
	head, rest, found := strings.Cut(text, intro)
	end := strings.LastIndexByte(rest, ')')
	if !found || end < 0 {
		return text
	}
	lines := strings.Split(rest[:end], ") (")
	byHalf := p.setByHalf()
	slices.SortStableFunc(lines, func(a, b string) int {
		rank := func(line string) int {
			if byHalf != "" && strings.HasPrefix(line, byHalf) {
				return 0
			}
			return 1
		}
		return cmp.Compare(rank(a), rank(b))
	})
	return head + strings.TrimSuffix(intro, " (") + rest[end+1:] + "\n  " + strings.Join(lines, "\n  ")
}

// setByHalf is the name of the source of which some variables are set, and not all
// that it needs; empty: none.
func (p *program) setByHalf() string {
	for _, source := range []struct {
		name      string
		variables []string
	}{
		{"environment keys", []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"}},
		{"OIDC by environment", []string{"ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE"}},
	} {
		set := 0
		for _, variable := range source.variables {
			if p.getenv(variable) != "" {
				set++
			}
		}
		if set > 0 && set < len(source.variables) {
			return source.name
		}
	}
	return ""
}

// isNotIMM reports an answer that has nothing of what IMM, or the gateway before it,
// puts into each.
func isNotIMM(err error) bool {
	answer, ok := errors.AsType[*imm.APIError](err)
	return ok && answer.StatusCode < 500 && answer.Code == "" && answer.RequestID == ""
}

// here is where things exist or do not.
func (p *program) here() string {
	if p.address() != "" {
		return "at this endpoint"
	}
	return "in this region"
}

// nextStep is what to do about an error, where its own text does not say it.
func (p *program) nextStep(err error) string {
	refused, isAnswer := errors.AsType[*imm.APIError](err)
	switch {
	case isNotIMM(err) && p.address() != "":
		return "Next: what answers there is not IMM. Correct " + p.settingOf("WithEndpoint") + ", or leave it out for the endpoint of the region."
	case isNotIMM(err):
		return "Next: what answers there is not IMM. Look whether a proxy answers in its place."
	case errors.Is(err, imm.ErrUnauthenticated) && !isAnswer:
		return "Next: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run aliyun configure. imm doctor says which keys are found."
	case errors.Is(err, imm.ErrUnauthenticated):
		return "Next: imm doctor says which keys are found, and what is wrong with them."
	case errors.Is(err, imm.ErrPermissionDenied) && isAnswer:
		if strings.Contains(refused.Code, "Permission") || strings.Contains(refused.Code, "Forbidden") {
			return "Next: allow the RAM user or role of the keys the action imm:" + refused.Action + ", as the policy AliyunIMMFullAccess does."
		}
		return "Next: look in the console whether IMM is activated for the account, and whether the account owes money."
	case errors.Is(err, imm.ErrNotFound):
		return p.missing(refused)
	case isAnswer && (errors.Is(err, imm.ErrAlreadyExists) || errors.Is(err, imm.ErrInvalidArgument)):
		return inTheWay(refused)
	case errors.Is(err, imm.ErrThrottled):
		return "Next: try again later, or with a lower rate."
	case errors.Is(err, imm.ErrUnavailable):
		return "Next: imm doctor checks the region, the endpoint and the network."
	}
	return ""
}

// missing says how to find what was not found.
func (p *program) missing(refused *imm.APIError) string {
	switch {
	case refused == nil:
		return ""
	case refused.Code == "QueueNotExist": // by MNS
		return "Next: look whether --queue and --queue-endpoint are right. The queue has to exist, and to be subscribed to --topic."
	case (refused.Action == "CreateBinding" || refused.Action == "AttachOSSBucket") && strings.Contains(strings.ToLower(refused.Message), "bucket"):
		return "Next: look whether the bucket is spelled right, is of this account, and is in the region of the project."
	case refused.Action == "CreateProject", refused.Action == "UpdateProject", refused.Action == "GetProject", refused.Action == "DeleteProject":
		return "Next: imm project list shows which projects exist " + p.here() + "."
	}
	return "Next: imm project list, imm dataset list and imm binding list show what exists " + p.here() + "."
}

// inTheWay says what to do about what exists and should not.
func inTheWay(refused *imm.APIError) string {
	switch refused.Action {
	case "CreateProject":
		return "Next: imm project get shows it, and imm project update changes it."
	case "CreateDataset":
		return "Next: imm dataset get shows it, and imm dataset update changes it."
	case "CreateBinding":
		return "Next: imm binding list shows the bindings of the dataset, and imm unbind ends one."
	case "DeleteDataset":
		return "Next: end its bindings by imm unbind, and delete what it has of files by imm delete; imm dataset get --statistics counts both."
	case "DeleteProject":
		return "Next: imm dataset list shows its datasets, and imm dataset delete deletes them."
	}
	return ""
}
