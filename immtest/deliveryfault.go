package immtest

import "time"

// maxReorder is the longest time that a message waits for another to overtake it.
const maxReorder = time.Second

// DeliveryFault is a way for the delivery of messages to go wrong.
// Server.InjectDelivery puts it on the way to subscriptions and targets of
// EventBridge; Messages and WaitMessage do not meet it. What is combined happens
// together, but nothing of what is lost arrives.
type DeliveryFault struct {
	Topic        string // whose messages it meets; empty: any, and EventBridge
	Subscription string // the name of the subscription or target; empty: any

	// Times is how many attempts to deliver it meets, where a repeat is one more:
	// 0 is one, and below 0 are all, until ClearFaults.
	Times int
	// Share is the part of the attempts that it meets, drawn from a source whose
	// seed is always the same: 0.2 is every fifth on average. Zero or less, and one or more, is
	// every one.
	Share float64

	Lose      bool          // it never arrives, and nobody repeats it
	Duplicate bool          // it arrives twice, and the first one at once whatever Delay and Reorder say; each message once
	Delay     time.Duration // it arrives that much later
	Reorder   bool          // it arrives after the next one, or after a second if none comes

	// What follows is for pushes; a queue has no signatures.
	WrongSignature bool          // the signature is another key's
	WrongBody      bool          // the body was changed after it was signed
	DateOffset     time.Duration // the date, which is signed, is off by that much
	CertificateURL string        // where the certificate is said to be
}

// InjectDelivery adds faults for deliveries. Each attempt meets the first one
// that is pending for its topic and subscription and whose Share it falls into.
// ClearFaults and Reset forget them.
func (s *Server) InjectDelivery(faults ...DeliveryFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		s.deliveries.faults = append(s.deliveries.faults, f)
	}
}

// takeDeliveryFault is the fault that an attempt meets, and the zero one if it meets none. The caller holds
// s.mu.
func (s *Server) takeDeliveryFault(to *destination) DeliveryFault {
	d := &s.deliveries
	for i := range d.faults {
		f := d.faults[i]
		if f.Topic != "" && f.Topic != to.topic || f.Subscription != "" && f.Subscription != to.name {
			continue
		}
		if f.Share > 0 && f.Share < 1 && d.random.Float64() >= f.Share {
			continue
		}
		switch {
		case f.Times == 1:
			d.faults = append(d.faults[:i:i], d.faults[i+1:]...)
		case f.Times > 1:
			d.faults[i].Times--
		}
		return f
	}
	return DeliveryFault{}
}
