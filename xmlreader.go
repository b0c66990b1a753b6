package imm

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxElements = 16 // in one another; those of MNS are two

var errCutOff = errors.New("it ends within an element")

// xmlReader reads the little of XML that MNS sends, because encoding/xml would
// add its weight to every program. It knows no document type, so nothing expands.
type xmlReader struct{ rest []byte }

// document reads a document whose root holds elements with text, in any order.
// Of those that want chooses it passes on the text; others it goes over. It
// returns the name of the root, as soon as there is one, also with an error.
// Names are those without the prefix of a namespace.
func (r *xmlReader) document(want func(name string) bool, visit func(name, text string)) (root string, err error) {
	if declaration, found := bytes.CutPrefix(r.rest, []byte("<?xml")); found {
		declaration, _, _ = bytes.Cut(declaration, []byte("?>"))
		if lower := bytes.ToLower(declaration); bytes.Contains(lower, []byte("encoding")) && !bytes.Contains(lower, []byte("utf-8")) {
			return "", errors.New("it is not in UTF-8")
		}
	}
	if err := r.misc(); err != nil {
		return "", err
	}
	tag, err := r.startTag()
	if err != nil {
		return "", err
	}
	root = localName(tag.name)
	for !tag.isEmpty {
		if err := r.misc(); err != nil {
			return root, err
		}
		if bytes.HasPrefix(r.rest, []byte("</")) {
			if err := r.endTag(tag.name); err != nil {
				return root, err
			}
			break
		}
		child, err := r.startTag()
		if err != nil {
			return root, err
		}
		name := localName(child.name)
		isWanted := want(name)
		var text strings.Builder
		if err := r.content(child, isWanted, &text, 2); err != nil {
			return root, err
		}
		if isWanted {
			visit(name, text.String())
		}
	}
	if err := r.misc(); err != nil {
		return root, err
	}
	if len(r.rest) > 0 {
		return root, errors.New("there is data behind the root element: " + excerpt(r.rest))
	}
	return root, nil
}

// misc goes over white space, comments and processing instructions.
func (r *xmlReader) misc() error {
	for {
		r.rest = bytes.TrimLeft(r.rest, " \t\r\n")
		var err error
		switch {
		case bytes.HasPrefix(r.rest, []byte("<!--")):
			_, err = r.through(len("<!--"), "-->")
		case bytes.HasPrefix(r.rest, []byte("<?")):
			_, err = r.through(len("<?"), "?>")
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// through returns what is between the next n bytes and the end, and goes behind.
func (r *xmlReader) through(n int, end string) ([]byte, error) {
	inner, rest, found := bytes.Cut(r.rest[n:], []byte(end))
	if !found {
		return nil, errCutOff
	}
	r.rest = rest
	return inner, nil
}

// xmlTag is what begins an element. One that isEmpty ends there, too.
type xmlTag struct {
	name    string
	isEmpty bool
}

func (r *xmlReader) startTag() (xmlTag, error) {
	switch {
	case len(r.rest) == 0:
		return xmlTag{}, errCutOff
	case bytes.HasPrefix(r.rest, []byte("<!")):
		return xmlTag{}, errors.New("it has a document type or another declaration, which are not read")
	case r.rest[0] != '<':
		return xmlTag{}, errors.New("there is text where an element should begin: " + excerpt(r.rest))
	}
	r.rest = r.rest[1:]
	tag := xmlTag{name: r.name()}
	if tag.name == "" {
		return xmlTag{}, errors.New("an element has no name")
	}
	for {
		before := len(r.rest)
		r.rest = bytes.TrimLeft(r.rest, " \t\r\n")
		switch {
		case len(r.rest) == 0:
			return xmlTag{}, errCutOff
		case r.rest[0] == '>':
			r.rest = r.rest[1:]
			return tag, nil
		case bytes.HasPrefix(r.rest, []byte("/>")):
			r.rest, tag.isEmpty = r.rest[2:], true
			return tag, nil
		case before == len(r.rest) || !r.attribute():
			return xmlTag{}, fmt.Errorf("the element %s has an attribute that is none", quote(tag.name))
		}
	}
}

// attribute goes over one, whatever it says.
func (r *xmlReader) attribute() bool {
	if r.name() == "" {
		return false
	}
	r.rest = bytes.TrimLeft(r.rest, " \t\r\n")
	value, found := bytes.CutPrefix(r.rest, []byte("="))
	value = bytes.TrimLeft(value, " \t\r\n")
	if !found || len(value) == 0 || value[0] != '"' && value[0] != '\'' {
		return false
	}
	inner, rest, closed := bytes.Cut(value[1:], value[:1])
	r.rest = rest
	return closed && !bytes.Contains(inner, []byte("<"))
}

func (r *xmlReader) name() string {
	n := bytes.IndexAny(r.rest, " \t\r\n/>=<&\"'!?")
	if n < 0 {
		n = len(r.rest)
	}
	name := string(r.rest[:n])
	r.rest = r.rest[n:]
	return name
}

func localName(name string) string {
	if _, local, found := strings.Cut(name, ":"); found {
		return local
	}
	return name
}

func (r *xmlReader) endTag(name string) error {
	inner, err := r.through(len("</"), ">")
	if err != nil {
		return err
	}
	if found := string(bytes.TrimRight(inner, " \t\r\n")); found != name {
		return fmt.Errorf("the element %s ends as %s", quote(name), quote(found))
	}
	return nil
}

// content reads an element to its end. One whose text is wanted holds no others.
func (r *xmlReader) content(tag xmlTag, isWanted bool, text *strings.Builder, depth int) error {
	if depth > maxElements {
		return fmt.Errorf("more than %d elements in one another", maxElements)
	}
	for !tag.isEmpty {
		n := bytes.IndexAny(r.rest, "<&")
		if n < 0 {
			return errCutOff
		}
		if isWanted {
			text.Write(r.rest[:n])
		}
		r.rest = r.rest[n:]
		var err error
		switch {
		case r.rest[0] == '&':
			err = r.entity(text, isWanted)
		case bytes.HasPrefix(r.rest, []byte("</")):
			return r.endTag(tag.name)
		case bytes.HasPrefix(r.rest, []byte("<![CDATA[")):
			var inner []byte
			if inner, err = r.through(len("<![CDATA["), "]]>"); isWanted {
				text.Write(inner)
			}
		case bytes.HasPrefix(r.rest, []byte("<!--")):
			_, err = r.through(len("<!--"), "-->")
		case bytes.HasPrefix(r.rest, []byte("<?")):
			_, err = r.through(len("<?"), "?>")
		case isWanted:
			err = fmt.Errorf("the element %s holds another, where it should hold text", quote(tag.name))
		default:
			var child xmlTag
			if child, err = r.startTag(); err == nil {
				err = r.content(child, false, text, depth+1)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entity reads one of the five that XML has of itself, or a character by number.
func (r *xmlReader) entity(text *strings.Builder, isWanted bool) error {
	const longest = len("&#x0010FFFF")
	n := bytes.IndexByte(r.rest[:min(len(r.rest), longest+1)], ';')
	if n < 0 {
		return errors.New("it has an & that begins no entity")
	}
	name := string(r.rest[1:n])
	r.rest = r.rest[n+1:]
	char, isKnown := rune(0), true
	switch name {
	case "lt":
		char = '<'
	case "gt":
		char = '>'
	case "amp":
		char = '&'
	case "quot":
		char = '"'
	case "apos":
		char = '\''
	default:
		isKnown = false
	}
	if digits, found := strings.CutPrefix(name, "#"); found {
		base := 10
		if hex, found := strings.CutPrefix(digits, "x"); found {
			digits, base = hex, 16
		}
		number, err := strconv.ParseUint(digits, base, 31)
		char = rune(number)
		isKnown = err == nil && number != 0 && utf8.ValidRune(char)
	}
	if !isKnown {
		return fmt.Errorf("it has the entity %s, which is not known", quote("&"+name+";"))
	}
	if isWanted {
		text.WriteRune(char)
	}
	return nil
}
