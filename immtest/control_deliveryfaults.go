package immtest

import (
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// controlDeliveryFault is a DeliveryFault in JSON. A time is text such as "250ms".
type controlDeliveryFault struct {
	Topic          string          `json:",omitzero"`
	Subscription   string          `json:",omitzero"`
	Times          int             `json:",omitzero"`
	Share          float64         `json:",omitzero"`
	Lose           bool            `json:",omitzero"`
	Duplicate      bool            `json:",omitzero"`
	Delay          controlDuration `json:",omitzero"`
	Reorder        bool            `json:",omitzero"`
	WrongSignature bool            `json:",omitzero"`
	WrongBody      bool            `json:",omitzero"`
	DateOffset     controlDuration `json:",omitzero"`
	CertificateURL string          `json:",omitzero"`
}

// controlPendingDeliveryFaults answers with the faults that deliveries may meet.
func (s *Server) controlPendingDeliveryFaults(r *http.Request) controlAnswer {
	if _, refusal := controlQuery(r); refusal != nil {
		return *refusal
	}
	return controlOK(s.pendingDeliveryFaults())
}

func (s *Server) pendingDeliveryFaults() []controlDeliveryFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	pending := []controlDeliveryFault{}
	for _, f := range s.deliveries.faults {
		pending = append(pending, controlDeliveryFault{
			Topic: f.Topic, Subscription: f.Subscription, Times: f.Times, Share: f.Share,
			Lose: f.Lose, Duplicate: f.Duplicate, Delay: controlDuration(f.Delay), Reorder: f.Reorder,
			WrongSignature: f.WrongSignature, WrongBody: f.WrongBody, DateOffset: controlDuration(f.DateOffset), CertificateURL: f.CertificateURL,
		})
	}
	return pending
}

// controlClearDeliveryFaults forgets the faults of deliveries, and no others.
func (s *Server) controlClearDeliveryFaults(r *http.Request) controlAnswer {
	if _, refusal := controlQuery(r); refusal != nil {
		return *refusal
	}
	s.mu.Lock()
	s.deliveries.faults = nil
	s.mu.Unlock()
	return controlOK(s.pendingDeliveryFaults())
}

// controlInjectDelivery adds one fault or an array of them: all, or none where one
// of them makes no sense.
func (s *Server) controlInjectDelivery(r *http.Request) controlAnswer {
	if _, refusal := controlQuery(r); refusal != nil {
		return *refusal
	}
	body, refusal := controlBody(r, maxControlBody)
	if refusal != nil {
		return *refusal
	}
	sent, err := decodeFaults[controlDeliveryFault](body)
	if err != nil {
		return controlRefusal(http.StatusBadRequest, "The faults are not accepted: "+err.Error()+".")
	}
	faults := make([]DeliveryFault, 0, len(sent))
	for i := range sent {
		f := &sent[i]
		if problem := f.problem(); problem != "" {
			return controlRefusal(http.StatusBadRequest, fmt.Sprintf("Fault %d of %d is not accepted: %s.", i+1, len(sent), problem))
		}
		faults = append(faults, DeliveryFault{
			Topic: f.Topic, Subscription: f.Subscription, Times: f.Times, Share: f.Share,
			Lose: f.Lose, Duplicate: f.Duplicate, Delay: time.Duration(f.Delay), Reorder: f.Reorder,
			WrongSignature: f.WrongSignature, WrongBody: f.WrongBody, DateOffset: time.Duration(f.DateOffset), CertificateURL: f.CertificateURL,
		})
	}
	s.InjectDelivery(faults...)
	return controlOK(s.pendingDeliveryFaults())
}

// problem says what is wrong with a fault that a script hardly means.
func (f *controlDeliveryFault) problem() string {
	does := f.Duplicate || f.Delay != 0 || f.Reorder || f.WrongSignature || f.WrongBody || f.DateOffset != 0 || f.CertificateURL != ""
	switch {
	case f.Times < -1:
		return "Times is how many deliveries it meets: a number from 0 (which means 1), or -1 for all until the faults are cleared"
	case f.Share < 0 || f.Share > 1:
		return "Share is the part of the deliveries that it meets, above 0 and up to 1; 0 is every one"
	case f.Delay < 0:
		return "Delay is below zero"
	case f.Lose && does:
		return "with Lose nothing arrives, so nothing else has a place"
	case !f.Lose && !does:
		return "nothing in it fails: give Lose, Duplicate, Delay, Reorder, WrongSignature, WrongBody, DateOffset or CertificateURL"
	}
	if _, err := url.Parse(f.CertificateURL); err != nil {
		return "CertificateURL is no URL"
	}
	return ""
}
