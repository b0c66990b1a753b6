package retry

// Safety says what repeating an operation can do.
type Safety uint8

// The kinds of operation.
const (
	// Unknown may do its work twice: it is repeated only when the service did
	// not begin with it.
	Unknown Safety = iota
	// Repeatable gives the same state however often it is sent.
	Repeatable
	// Creating makes something once. It is repeated like Repeatable; that its
	// repeat finds the thing made is for the caller to understand, who learns
	// from Result.Uncertain that an earlier attempt may have made it.
	Creating
)

// Action is what to do after an attempt.
type Action uint8

// The actions.
const (
	Stop        Action = iota // the outcome is final
	Correct                   // remove the cause and send again at once; once per call and cause
	Fresh                     // send again at once on a new connection; once per call
	Repeat                    // wait, send again; costs a token of the budget
	RepeatPaced               // wait, send again; the limiter paces it, so it costs no token
)

// Decide says what to do after an outcome of the given class. It is a pure
// function; doc.go of the module's root shows it as a table.
func Decide(safety Safety, class Class) Action {
	switch class {
	case Throttled:
		return RepeatPaced
	case TokenExpired, ClockSkewed, URITooLong:
		return Correct // refused before any work was done, so any operation may be sent again
	case NotSent:
		return Repeat
	case Stale:
		if safety != Unknown {
			return Fresh
		}
	case Unavailable, NonceUsed, Lost, TimedOut:
		if safety != Unknown {
			return Repeat
		}
	}
	return Stop
}

// uncertain reports whether an attempt with this outcome may have done its work.
// A used nonce belongs here: the service has seen a copy of this very request,
// perhaps one that something on the way repeated.
func uncertain(class Class) bool {
	switch class {
	case Unavailable, NonceUsed, Stale, Lost, TimedOut:
		return true
	}
	return false
}
