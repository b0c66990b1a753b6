package expression

import (
	"fmt"
	"strings"

	"github.com/imm-go/imm"
)

// The limits of SimpleQuery. Client checks them, too; here an error can say where.
const (
	maxLevels = 5
	maxParts  = 100
)

// node is a condition and where it stands.
type node struct {
	offset       int
	operation    imm.QueryOperation
	field, value string
	parts        []*node
	enclosed     bool // in parentheses
}

// condition makes of a node what is sent. Names in it are parts of the list, if
// there is one.
func (n *node) condition(level int, list string) (imm.QueryCondition, *fault) {
	c := imm.QueryCondition{Field: within(list, n.field), Operation: n.operation, Value: n.value}
	switch {
	case level > maxLevels:
		return c, &fault{n.offset, fmt.Sprintf("this is on level %d, and conditions have at most %d levels; and, or, not, != and brackets add one each", level, maxLevels)}
	case len(n.parts) > maxParts:
		return c, &fault{n.parts[maxParts].offset, fmt.Sprintf("this is condition %d of its group, and a group has at most %d; parentheses make more groups", maxParts+1, maxParts)}
	}
	if n.operation == imm.QueryNested {
		list = c.Field
	}
	for _, part := range n.parts {
		sub, failed := part.condition(level+1, list)
		if failed != nil {
			return c, failed
		}
		c.SubQueries = append(c.SubQueries, sub)
	}
	return c, nil
}

// within is the whole name of a part of a list. One that is whole already stays.
func within(list, name string) string {
	if list == "" || name == "" || strings.HasPrefix(name, list+".") {
		return name
	}
	return list + "." + name
}
