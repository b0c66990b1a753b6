package scenario

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The forms of the service's ids, as shape writes them: the documented samples
// are 090D2AC5-8450-0AA8-A1B1-**** and 16C-1KoeYbdckkiOObpyzc****.
const (
	requestID = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX"
	eventID   = "XXX-1"
)

// shape puts an X in place of every upper-case hexadecimal digit.
func shape(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'F' {
			return 'X'
		}
		return r
	}, id)
}

func isEventID(id string) bool {
	if len(id) != 26 || shape(id[:3])+id[3:5] != eventID {
		return false
	}
	return !strings.ContainsFunc(id[5:], func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// Normalize replaces what differs between two runs, ids and times of the
// service, the host and what a message quotes of them. Each is checked for its
// form first, and what does not have it stays as it is and shows.
func Normalize(value any) any {
	switch value := value.(type) {
	case map[string]any:
		id, _ := value["RequestId"].(string)
		out := make(map[string]any, len(value))
		for name, member := range value {
			out[name] = normalizeMember(name, member, id)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, element := range value {
			out[i] = Normalize(element)
		}
		return out
	case json.Number:
		n, _ := value.Float64() // a decoder that keeps numbers as text has the same number
		return n
	default:
		return value
	}
}

func normalizeMember(name string, member any, id string) any {
	s, isText := member.(string)
	if !isText {
		return Normalize(member)
	}
	switch name {
	case "RequestId":
		if shape(s) == requestID {
			return "a request id"
		}
	case "EventId":
		if isEventID(s) {
			return "an event id"
		}
	case "NextToken":
		if token, err := base64.RawURLEncoding.DecodeString(s); err == nil && len(token) >= 16 {
			return "a page token"
		}
	case "CreateTime", "UpdateTime", "StartTime", "EndTime":
		// What is not of today is of the scenario, and the same in every run.
		if at, err := time.Parse(time.RFC3339, s); err == nil && time.Since(at).Abs() < 24*time.Hour {
			return "a time"
		}
	case "HostId":
		if _, port, found := strings.Cut(s, "127.0.0.1:"); found {
			if _, err := strconv.ParseUint(port, 10, 16); err == nil {
				return "the host"
			}
		}
	case "Recommend", "Message":
		if id != "" {
			s = strings.ReplaceAll(s, id, "REQUEST-ID")
		}
		before, _, _ := strings.Cut(s, "server string to sign is:") // it differs with every request
		return before
	}
	return s
}

// WithoutEmpty leaves out members that are empty text, zero, false, null, or have
// nothing in them, and the Detail that the service sends without documenting it:
// our client's values cannot show whether an empty field was in the answer. For
// the same reason a time is the moment that it means, in whatever zone.
func WithoutEmpty(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(value))
		for name, member := range value {
			if member = WithoutEmpty(member); !isEmpty(member) && name != "Detail" {
				out[name] = member
			}
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, element := range value {
			out[i] = WithoutEmpty(element)
		}
		return out
	case string:
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
		return value
	default:
		return value
	}
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return len(value) == 0
	case []any:
		return len(value) == 0
	default:
		return value == nil || value == "" || value == 0.0 || value == false
	}
}

// Value is v as JSON has it.
func Value(v any) (map[string]any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	var out map[string]any
	err = json.Unmarshal(data, &out)
	return out, err
}

// Decoded is the value of a parameter: what its JSON says where it is an object or
// an array, and else the text.
func Decoded(text string) any {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return text
	}
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	return value
}
