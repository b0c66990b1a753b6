package credentials

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/imm-go/imm"
)

// externalSource runs the command of a profile of mode External and reads the
// keys from its output. It does not use credentials-go, which prints the output
// of the command, keys and all, if it cannot parse it, and goes on without the
// time that the keys expire at.
func externalSource(command string) source {
	const name = "external command"
	return source{name: name, fetch: func(ctx context.Context) (imm.Credentials, error) {
		const advice = "run process_command of the profile by hand to see what it says"
		args, err := splitCommand(command, runtime.GOOS == "windows")
		if err != nil {
			return imm.Credentials{}, refused(name, err.Error(), "correct process_command of the profile")
		}
		ctx, cancel := context.WithTimeout(ctx, sourceTimeout)
		defer cancel()
		var output bytes.Buffer
		run := exec.CommandContext(ctx, args[0], args[1:]...)
		run.Stdout = &output
		// A grandchild that keeps the pipe open must not keep us waiting.
		run.WaitDelay = time.Second
		if err := run.Run(); err != nil {
			// The command is not shown, since an argument may be a secret.
			reason := "the command failed: " + oneLine(err.Error())
			if ctx.Err() != nil {
				reason = "the command did not end within " + sourceTimeout.String()
			}
			return imm.Credentials{}, &sourceError{source: name, reason: reason, advice: advice, temporary: true}
		}
		creds, err := parseExternal(output.Bytes())
		if err != nil {
			return imm.Credentials{}, refused(name, err.Error(), advice)
		}
		return creds, nil
	}}
}

func parseExternal(output []byte) (imm.Credentials, error) {
	var answer struct {
		Mode            string `json:"mode"`
		AccessKeyID     string `json:"access_key_id"`
		AccessKeySecret string `json:"access_key_secret"`
		SecurityToken   string `json:"sts_token"`
		Expiration      string `json:"expiration"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return imm.Credentials{}, errors.New("the output of the command is not the JSON that was expected")
	}
	if answer.AccessKeyID == "" || answer.AccessKeySecret == "" || answer.Mode == "StsToken" && answer.SecurityToken == "" {
		return imm.Credentials{}, errors.New("the output of the command lacks access_key_id, access_key_secret or sts_token")
	}
	// A time in another form is no reason to refuse keys that are good: they
	// are asked for again soon when their expiry is unknown.
	expires, _ := time.Parse(time.RFC3339, answer.Expiration)
	return imm.Credentials{
		AccessKeyID:     answer.AccessKeyID,
		AccessKeySecret: answer.AccessKeySecret,
		SecurityToken:   answer.SecurityToken,
		Expires:         expires,
	}, nil
}

// splitCommand splits at spaces outside quotes. A backslash takes the next
// character as it is, outside of single quotes; on Windows, where it separates
// the elements of a path, it is a character like any other.
func splitCommand(command string, windows bool) ([]string, error) {
	var args []string
	var word strings.Builder
	var quote rune // the quote that is open, or 0
	inWord, escaped := false, false
	for _, r := range command {
		switch {
		case escaped:
			if quote == '"' && !strings.ContainsRune("\"\\$`", r) {
				word.WriteRune('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'' && !windows:
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, inWord = r, true
		case quote == 0 && strings.ContainsRune(" \t\r\n", r):
			if inWord {
				args = append(args, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	switch {
	case quote != 0:
		return nil, errors.New("the command has a quote that is not closed")
	case escaped:
		return nil, errors.New("the command ends in a backslash")
	case inWord:
		args = append(args, word.String())
	}
	if len(args) == 0 || args[0] == "" {
		return nil, errors.New("the command is empty")
	}
	return args, nil
}
