package notify

import (
	"context"
	"crypto"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// answerTime is from the arrival of a push to the end of the callback's context.
// MNS waits 5 seconds for the answer.
const answerTime = 4 * time.Second

// refusal is why a push is not accepted, and what the sender is told of it.
type refusal struct {
	status int
	reason string
}

func (e *refusal) Error() string { return e.reason }

func refusef(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) error {
	return refusef(http.StatusForbidden, format, args...)
}

// claim is what the headers of a push say, as far as they can be checked without
// its body and without the certificate.
type claim struct {
	certificate string // the URL of it, which may be fetched
	hint        string // what to look at if the signature does not match
	signature   []byte
	hash        crypto.Hash
	digests     func(body []byte) ([][]byte, error) // the signature must be of one of these
	header      http.Header                         // what is signed and says how to read the body
}

// pushHandler receives pushes. What it does is the same for both senders; what
// they sign is not.
type pushHandler struct {
	*config
	claim        func(c *config, r *http.Request) (*claim, error)
	certificates *certificates
}

func newPushHandler(c *config, read func(c *config, r *http.Request) (*claim, error)) *pushHandler {
	return &pushHandler{config: c, claim: read, certificates: newCertificates(c.push.fetch, c.push.minKeyBits)}
}

// ServeHTTP answers with little, so that a forger does not learn what was wrong.
// The log has the reason.
func (h *pushHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	// A sender who stops halfway would hold up a server that has no ReadTimeout,
	// also while that reads on behind a refusal. A ResponseWriter that does not know
	// deadlines has no such sender.
	if deadline, is := ctx.Deadline(); is {
		_ = http.NewResponseController(w).SetReadDeadline(deadline)
	}
	proven, err := h.observed(ctx, w, r)
	status := statusOf(err)
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	h.logger.LogAttrs(ctx, slog.LevelWarn, "imm push not accepted", append([]slog.Attr{
		slog.String("receiver", h.receiver.String()), slog.Int("status", status), slog.String("reason", err.Error()),
	}, h.about(r.Header, proven)...)...)
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	http.Error(w, http.StatusText(status), status)
}

func statusOf(err error) int {
	if err == nil {
		return http.StatusNoContent
	}
	if refused, is := errors.AsType[*refusal](err); is {
		return refused.status
	}
	if _, is := errors.AsType[*unreadableError](err); is {
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError // what may work when it is sent again
}

// receive does what costs nothing first, and what makes this program send a request
// only for a push that would be accepted if its signature is right. It returns the
// body once that has turned out to be so, also with an error.
func (h *pushHandler) receive(ctx context.Context, w http.ResponseWriter, r *http.Request) (proven []byte, err error) {
	if h.push.method == "" && r.Method != http.MethodPost {
		return nil, refusef(http.StatusMethodNotAllowed, "the method is %s, and pushes come with POST", quoted(r.Method))
	}
	if r.ContentLength > h.push.maxBody {
		return nil, h.tooLarge()
	}
	if packed := strings.Join(r.Header.Values("Content-Encoding"), ","); packed != "" && !strings.EqualFold(packed, "identity") {
		return nil, refusef(http.StatusBadRequest, "the Content-Encoding is %s, and pushes come without one", quoted(packed))
	}
	claim, err := h.claim(h.config, r)
	if err != nil {
		return nil, err
	}
	body, err := h.body(w, r)
	if err != nil {
		return nil, err
	}
	digests, err := claim.digests(body)
	if err != nil {
		return nil, err
	}
	if err := h.certificates.verify(ctx, claim, digests); err != nil {
		return nil, err
	}
	return body, h.deliver(ctx, &arrival{header: claim.header, body: body})
}

func (h *pushHandler) tooLarge() error {
	return refusef(http.StatusRequestEntityTooLarge, "the body has more than %d bytes, or more than another handler around this one takes", h.push.maxBody)
}

func (h *pushHandler) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.push.maxBody))
	if _, is := errors.AsType[*http.MaxBytesError](err); is {
		return nil, h.tooLarge()
	}
	if err != nil {
		return nil, refusef(http.StatusBadRequest, "the body did not arrive: %v", err)
	}
	return body, nil
}

// target is the path and query of a request as its sender wrote it. A mux that
// strips a prefix changes r.URL, and leaves r.RequestURI as it was signed.
func target(r *http.Request) (string, error) {
	text := r.RequestURI
	if text == "" && r.URL != nil { // the request was not read by a server
		text = r.URL.RequestURI()
	}
	if scheme, rest, isAbsolute := strings.Cut(text, "://"); isAbsolute && isLabel(strings.ToLower(scheme)) {
		path := strings.IndexAny(rest, "/?")
		if path < 0 {
			return "/", nil
		}
		if text = rest[path:]; text[0] == '?' {
			text = "/" + text
		}
	}
	if !strings.HasPrefix(text, "/") || !isPlain(text) {
		return "", forbidden("the request has no path that can have been signed")
	}
	return text, nil
}

// checkSecretSegment compares the last segment of the path in a target.
func (c *pushConfig) checkSecretSegment(target string) error {
	if c.secretSegment == nil || endsWith(target, *c.secretSegment) {
		return nil
	}
	return forbidden("the path does not end with the secret of WithSecretPath")
}

func endsWith(target, segment string) bool {
	path, _, _ := strings.Cut(target, "?")
	last := path[strings.LastIndexByte(path, '/')+1:]
	return isSame(last, segment)
}

// isSame takes equally long whatever the texts have in common.
func isSame(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// checkTime refuses a push that was signed too long ago, or too far ahead.
func (c *pushConfig) checkTime(signed time.Time) error {
	off := time.Since(signed)
	switch {
	case off > c.window:
		return forbidden("the push was signed %v ago, which is outside the window of %v", off.Round(time.Second), c.window)
	case off < -c.window:
		return forbidden("the push was signed %v in the future, which is outside the window of %v; is the clock of this machine behind?", -off.Round(time.Second), c.window)
	}
	return nil
}

// quoted shows a text that the sender chose, on one line and not all of a long one.
func quoted(text string) string {
	const enough = 100
	if len(text) > enough {
		return fmt.Sprintf("%q…", strings.ToValidUTF8(text[:enough], ""))
	}
	return fmt.Sprintf("%q", text)
}
