package expression

import (
	"fmt"

	"github.com/imm-go/imm"
)

// maxNesting bounds how deep parentheses, brackets and nots stand in each other.
// Conditions have fewer levels, but parentheses need not make any.
const maxNesting = 100

// parser goes through the tokens, the last of which is the end. It looks at one
// token at a time and never behind it.
type parser struct {
	tokens []token
	depth  int
}

func (p *parser) next() token { return p.tokens[0] }

func (p *parser) take() token {
	t := p.tokens[0]
	if t.kind != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

// takeKeyword reports whether the next token is this word, and goes past it.
func (p *parser) takeKeyword(name string) bool {
	if !p.next().isKeyword(name) {
		return false
	}
	p.take()
	return true
}

// all reads a whole expression.
func (p *parser) all() (*node, *fault) {
	n, failed := p.disjunction()
	if failed != nil {
		return nil, failed
	}
	switch t := p.next(); {
	case t.kind == end:
		return n, nil
	case t.is(")"), t.is("]"):
		return nil, &fault{t.offset, fmt.Sprintf("nothing was opened that this %s closes", t.text)}
	default:
		return nil, &fault{t.offset, fmt.Sprintf("want and, or, or the end in place of %v; text with spaces in it needs quotes", t)}
	}
}

func (p *parser) disjunction() (*node, *fault) {
	return p.group("or", imm.QueryOr, p.conjunction)
}

func (p *parser) conjunction() (*node, *fault) {
	return p.group("and", imm.QueryAnd, p.one)
}

// group reads conditions that a word joins. One alone is no group.
func (p *parser) group(joint string, operation imm.QueryOperation, part func() (*node, *fault)) (*node, *fault) {
	first, failed := part()
	if failed != nil || !p.next().isKeyword(joint) {
		return first, failed
	}
	n := &node{offset: first.offset, operation: operation, parts: []*node{first}}
	for p.takeKeyword(joint) {
		another, failed := part()
		if failed != nil {
			return nil, failed
		}
		n.parts = append(n.parts, another)
	}
	return n, nil
}

func (p *parser) one() (*node, *fault) {
	t := p.take()
	if p.depth++; p.depth > maxNesting {
		return nil, &fault{t.offset, fmt.Sprintf("more than %d parentheses, brackets and nots are in each other here", maxNesting)}
	}
	defer func() { p.depth-- }()
	switch {
	case t.isKeyword("not"):
		part, failed := p.one()
		if failed != nil {
			return nil, failed
		}
		return &node{offset: t.offset, operation: imm.QueryNot, parts: []*node{part}}, nil
	case t.isKeyword("exists"):
		return p.exists(t)
	case t.is("("):
		inner, failed := p.enclosed(t, ")")
		if failed != nil {
			return nil, failed
		}
		inner.enclosed = true
		return inner, nil
	case t.isKeyword("and"), t.isKeyword("or"):
		return nil, &fault{t.offset, fmt.Sprintf("want a condition before %v; a field of that name needs quotes", t)}
	case t.kind == word, t.kind == text:
		return p.field(t)
	}
	return nil, &fault{t.offset, fmt.Sprintf("want a condition in place of %v, such as Size >= 1048576", t)}
}

func (p *parser) exists(t token) (*node, *fault) {
	name := p.take()
	if name.kind != word && name.kind != text || name.text == "" {
		return nil, &fault{name.offset, fmt.Sprintf("want the name of a field behind exists in place of %v, such as CustomId", name)}
	}
	return &node{offset: t.offset, operation: imm.QueryExist, field: name.text}, nil
}

// field reads what follows the name of a field.
func (p *parser) field(name token) (*node, *fault) {
	if name.text == "" {
		return nil, &fault{name.offset, "the name of a field is empty; want one such as Size"}
	}
	t := p.take()
	if t.is("[") {
		inner, failed := p.enclosed(t, "]")
		if failed != nil {
			return nil, failed
		}
		n := &node{offset: name.offset, operation: imm.QueryNested, field: name.text, parts: []*node{inner}}
		if inner.operation == imm.QueryAnd && !inner.enclosed {
			n.parts = inner.parts // nested has an and of its own
		}
		return n, nil
	}
	operation, known := operators[t.text]
	if t.kind != symbol || !known {
		return nil, &fault{t.offset, fmt.Sprintf("want an operator behind %v in place of %v: %s", name, t, wantOperator)}
	}
	value := p.take()
	if value.kind != word && value.kind != text {
		return nil, &fault{value.offset, fmt.Sprintf(`want a value behind %s in place of %v; an empty one is ""`, t.text, value)}
	}
	n := &node{offset: name.offset, operation: operation, field: name.text, value: value.text}
	if operation == notEqual {
		n.operation = imm.QueryEq
		n = &node{offset: name.offset, operation: imm.QueryNot, parts: []*node{n}}
	}
	return n, nil
}

// enclosed reads an expression up to what closes it.
func (p *parser) enclosed(opened token, closing string) (*node, *fault) {
	n, failed := p.disjunction()
	if failed != nil {
		return nil, failed
	}
	switch t := p.take(); {
	case t.is(closing):
		return n, nil
	case t.kind == end:
		return nil, &fault{opened.offset, fmt.Sprintf("the %s that opens here has no %s", opened.text, closing)}
	default:
		return nil, &fault{t.offset, fmt.Sprintf("want and, or, or %s in place of %v; text with spaces in it needs quotes", closing, t)}
	}
}
