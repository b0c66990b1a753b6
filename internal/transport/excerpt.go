package transport

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
)

const maxExcerpt = 200 // bytes of an answer that nobody documented

// Excerpt is the beginning of an answer that nobody documented, as one short
// line: the title of a page, or else its text without tags.
func Excerpt(data []byte) string {
	const enough = 4 << 10
	if len(data) > enough {
		data = data[:enough]
	}
	text := string(data)
	if strings.Contains(text, "<") {
		if title := Element(data, "title"); title != "" {
			text = title
		} else {
			text = withoutTags(text)
		}
	}
	text = OneLine(text)
	if text == "" {
		return "(an empty answer)"
	}
	if len(text) > maxExcerpt {
		text = strings.ToValidUTF8(text[:maxExcerpt], "") + "…"
	}
	return text
}

func withoutTags(text string) string {
	var b strings.Builder
	for text != "" {
		before, rest, _ := strings.Cut(text, "<")
		b.WriteString(before + " ")
		_, text, _ = strings.Cut(rest, ">")
	}
	return b.String()
}

// Element cuts the text of an element out by hand, because encoding/xml would
// add its weight to every program for the sake of a rare answer.
func Element(data []byte, name string) string {
	_, rest, found := bytes.Cut(data, []byte("<"+name+">"))
	text, _, closed := bytes.Cut(rest, []byte("</"+name+">"))
	if !found || !closed {
		return ""
	}
	return strings.TrimSpace(xmlEntities.Replace(string(text)))
}

var xmlEntities = strings.NewReplacer("<![CDATA[", "", "]]>", "", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&")

// RedirectTarget says where a redirect sends to, without what may be secret in
// its URL.
func RedirectTarget(resp *http.Response) string {
	target, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || target.Host == "" {
		return ""
	}
	return ", which sends to " + target.Scheme + "://" + target.Host
}
