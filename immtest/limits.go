package immtest

import (
	"fmt"
	"net/http"
)

// The limits of a project. A dataset has all but the last.
const (
	bindLimit = iota
	entityLimit
	fileLimit
	relationLimit
	sizeLimit
	datasetLimit
	limitCount
)

// limitKinds has for each limit its name, how high it may be, and what it is
// where nobody sets it. Only the numbers of bindings and files have a documented
// highest value; for the others the usual one serves as such (inferred).
var limitKinds = [limitCount]struct {
	name        string
	most, usual int64
}{
	bindLimit:     {"DatasetMaxBindCount", 10, 10},
	entityLimit:   {"DatasetMaxEntityCount", 10_000_000_000, 10_000_000_000},
	fileLimit:     {"DatasetMaxFileCount", 100_000_000, 100_000_000},
	relationLimit: {"DatasetMaxRelationCount", 100_000_000_000, 100_000_000_000},
	sizeLimit:     {"DatasetMaxTotalFileSize", 90_000_000_000_000_000, 90_000_000_000_000_000},
	datasetLimit:  {"ProjectMaxDatasetCount", 1_000_000_000, 1_000_000_000},
}

// limits has a value for each limit, or unset.
type limits [limitCount]int64

const unset = -1

func noLimits() limits {
	var l limits
	for kind := range l {
		l[kind] = unset
	}
	return l
}

// limits reads the limits of which a call speaks: all of a project, or those of a
// dataset. Zero is below every documented range. It is taken all the same, since
// updates can send it, and leaves the limit to the project or the service
// (inferred); what a limit is afterwards shows as the zero that was sent.
func (a *arguments) limits(ofProject bool) limits {
	read := noLimits()
	for kind, k := range limitKinds {
		if kind == datasetLimit && !ofProject {
			continue
		}
		if value, sent := a.integer(k.name, 0, k.most); sent {
			read[kind] = value
		}
	}
	return read
}

// changed are the limits after an update that sent some.
func (l limits) changed(sent limits) limits {
	for kind, value := range sent {
		if value != unset {
			l[kind] = value
		}
	}
	return l
}

// created is what a create makes of limits: it does not tell zero from nothing.
func (l limits) created() limits {
	for kind, value := range l {
		if value == 0 {
			l[kind] = unset
		}
	}
	return l
}

// shown is a limit as an answer shows it: the first that is set, else the usual.
func shown(kind int, all ...limits) int64 {
	for _, l := range all {
		if l[kind] != unset {
			return l[kind]
		}
	}
	return limitKinds[kind].usual
}

// counts is a limit as it counts: the first that is above zero, else the usual.
func counts(kind int, all ...limits) int64 {
	for _, l := range all {
		if l[kind] > 0 {
			return l[kind]
		}
	}
	return limitKinds[kind].usual
}

// limitBody are the limits that both a project and a dataset have in an answer.
type limitBody struct {
	DatasetMaxBindCount, DatasetMaxEntityCount, DatasetMaxFileCount int64
	DatasetMaxRelationCount, DatasetMaxTotalFileSize                int64
}

func newLimitBody(all ...limits) limitBody {
	return limitBody{
		DatasetMaxBindCount: shown(bindLimit, all...), DatasetMaxEntityCount: shown(entityLimit, all...),
		DatasetMaxFileCount: shown(fileLimit, all...), DatasetMaxRelationCount: shown(relationLimit, all...),
		DatasetMaxTotalFileSize: shown(sizeLimit, all...),
	}
}

// limitExceeded says which limit forbids to add one more.
func limitExceeded(what string, limit int64) *failure {
	return &failure{status: http.StatusBadRequest, code: "LimitExceededError", message: fmt.Sprintf("%s has reached its limit of %d.", what, limit)}
}
