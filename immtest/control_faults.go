package immtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxControlBody is the limit of a body with faults.
const maxControlBody = 1 << 20

// controlFault is a Fault in JSON. The names are those of its fields; a time
// is text such as "250ms", and a header may have one value in place of a list.
type controlFault struct {
	Action    string                `json:",omitzero"`
	Times     int                   `json:",omitzero"`
	Delay     controlDuration       `json:",omitzero"`
	BodyDelay controlDuration       `json:",omitzero"`
	Status    int                   `json:",omitzero"`
	Header    map[string]headerList `json:",omitempty"`
	Code      string                `json:",omitzero"`
	Message   string                `json:",omitzero"`
	Body      string                `json:",omitzero"`
	AfterWork bool                  `json:",omitzero"`
	Hang      bool                  `json:",omitzero"`
	Reset     bool                  `json:",omitzero"`
	HalfBody  bool                  `json:",omitzero"`
}

type controlDuration time.Duration

func (d controlDuration) MarshalText() ([]byte, error) {
	return []byte(time.Duration(d).String()), nil
}

func (d *controlDuration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return errors.New(`a time such as Delay is text such as "250ms" or "2s"`)
	}
	value, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf(`a time such as Delay is text such as "250ms" or "2s", not %q`, text)
	}
	*d = controlDuration(value)
	return nil
}

// headerList is the values of one header: a text, or a list of them.
type headerList []string

func (l *headerList) UnmarshalJSON(data []byte) error {
	var text *string // nil for null
	if json.Unmarshal(data, &text) == nil && text != nil {
		*l = headerList{*text}
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil || list == nil {
		return errors.New("each name in Header has a text or a list of texts")
	}
	*l = list
	return nil
}

// controlPendingFaults answers with the faults that no request has met yet.
func (s *Server) controlPendingFaults(r *http.Request) controlAnswer {
	if _, refusal := controlQuery(r); refusal != nil {
		return *refusal
	}
	return controlOK(s.pendingFaults())
}

func (s *Server) pendingFaults() []controlFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	pending := []controlFault{}
	for i := range s.faults {
		f := &s.faults[i]
		header := make(map[string]headerList, len(f.Header))
		for name, values := range f.Header {
			header[name] = values
		}
		pending = append(pending, controlFault{
			Action: f.Action, Times: f.Times, Delay: controlDuration(f.Delay), BodyDelay: controlDuration(f.BodyDelay),
			Status: f.Status, Header: header, Code: f.Code, Message: f.Message, Body: f.Body,
			AfterWork: f.AfterWork, Hang: f.Hang, Reset: f.Reset, HalfBody: f.HalfBody,
		})
	}
	return pending
}

// controlClearFaults forgets the pending faults.
func (s *Server) controlClearFaults(r *http.Request) controlAnswer {
	if _, refusal := controlQuery(r); refusal != nil {
		return *refusal
	}
	s.ClearFaults()
	return controlOK(s.pendingFaults())
}

// controlInject adds one fault or an array of them: all, or none where one of
// them makes no sense.
func (s *Server) controlInject(r *http.Request) controlAnswer {
	if _, refusal := controlQuery(r); refusal != nil {
		return *refusal
	}
	body, refusal := controlBody(r, maxControlBody)
	if refusal != nil {
		return *refusal
	}
	sent, err := decodeFaults[controlFault](body)
	if err != nil {
		return controlRefusal(http.StatusBadRequest, "The faults are not accepted: "+err.Error()+".")
	}
	faults := make([]Fault, 0, len(sent))
	for i := range sent {
		if problem := sent[i].problem(); problem != "" {
			return controlRefusal(http.StatusBadRequest, fmt.Sprintf("Fault %d of %d is not accepted: %s.", i+1, len(sent), problem))
		}
		faults = append(faults, sent[i].fault())
	}
	s.Inject(faults...)
	return controlOK(s.pendingFaults())
}

func controlBody(r *http.Request, limit int64) ([]byte, *controlAnswer) {
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		a := controlRefusal(http.StatusBadRequest, "The body could not be read to its end.")
		return nil, &a
	}
	if int64(len(body)) > limit {
		a := controlRefusal(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body is above %d bytes.", limit))
		return nil, &a
	}
	return body, nil
}

// decodeFaults reads one fault or an array of faults, and nothing else.
func decodeFaults[T any](body []byte) ([]T, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil, errors.New("the body is empty; it is JSON, one fault or an array of faults")
	}
	var faults []T
	var err error
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if body[0] == '[' {
		err = decoder.Decode(&faults)
	} else {
		faults = make([]T, 1)
		err = decoder.Decode(&faults[0])
	}
	if err == nil && decoder.InputOffset() != int64(len(body)) {
		err = errors.New("something follows the JSON")
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = fmt.Errorf("%s cannot be a JSON %s", fieldName(wrong), wrong.Value)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the JSON ends too early")
	}
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if len(faults) == 0 {
		return nil, errors.New("the array is empty")
	}
	return faults, nil
}

func fieldName(wrong *json.UnmarshalTypeError) string {
	if wrong.Field == "" {
		return "a fault"
	}
	return wrong.Field
}

func (f *controlFault) fault() Fault {
	header := make(http.Header, len(f.Header))
	for name, values := range f.Header {
		header[name] = values
	}
	return Fault{
		Action: f.Action, Times: f.Times, Delay: time.Duration(f.Delay), BodyDelay: time.Duration(f.BodyDelay),
		Status: f.Status, Header: header, Code: f.Code, Message: f.Message, Body: f.Body,
		AfterWork: f.AfterWork, Hang: f.Hang, Reset: f.Reset, HalfBody: f.HalfBody,
	}
}
