package credentials

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/imm-go/imm"
)

// SharedProfile returns a provider for a section of the credentials file that
// Alibaba Cloud's SDKs share, of type access_key, ecs_ram_role or ram_role_arn.
// The file is the one that the environment variable
// ALIBABA_CLOUD_CREDENTIALS_FILE names, or else ~/.alibabacloud/credentials;
// with an empty name the section is that of ALIBABA_CLOUD_PROFILE, or else
// "default". The file is read again whenever it has changed.
//
// A file that cannot be read is an error. The provider is safe for concurrent
// use.
func SharedProfile(name string) (imm.CredentialsProvider, error) {
	path, err := homeFile(envCredentialsFile, ".alibabacloud", "credentials")
	if err == nil {
		_, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, badArgument("SharedProfile", oneLine(err.Error()))
	}
	return newProvider(sharedSource(name)), nil
}

// homeFile is the file that the variable names, or else one in the home folder.
func homeFile(variable string, elements ...string) (string, error) {
	if path := os.Getenv(variable); path != "" {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("the home folder is unknown (%w); name the file in %s", err, variable)
	}
	return filepath.Join(append([]string{home}, elements...)...), nil
}

func sharedSource(section string) source {
	name := "credentials file"
	if section != "" {
		name += " section " + section
	}
	var s session
	return source{name: name, fetch: func(context.Context) (imm.Credentials, error) {
		path, err := homeFile(envCredentialsFile, ".alibabacloud", "credentials")
		if err != nil {
			return imm.Credentials{}, refused(name, err.Error(), "")
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return imm.Credentials{}, refused(name, oneLine(err.Error()), "write the file, or name another in "+envCredentialsFile)
		}
		settings := fmt.Sprintf("%x %s %s", sha256.Sum256(content), path, os.Getenv(envProfile))
		creds, err := s.ask(settings, func() (providers.CredentialsProvider, error) {
			return providers.NewProfileCredentialsProviderBuilder().WithProfileName(section).Build()
		})
		if err != nil {
			return creds, explainShared(name, path, err, string(content))
		}
		return creds, nil
	}}
}

// explainShared says nothing of what the parser found, because that quotes the
// line, and takes every value in the file for a secret elsewhere.
func explainShared(name, path string, err error, content string) *sourceError {
	const advice = "see the documentation of SharedProfile for what the file may hold"
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "ERROR: Can not open file"):
		return refused(name, path+" is not a valid ini file", advice)
	case strings.HasPrefix(text, "ERROR: Can not load section"):
		return refused(name, path+" does not have the section", "add it, or name another in "+envProfile)
	case strings.HasPrefix(text, "ERROR: "):
		return refused(name, "a value is missing in the section in "+path+", or its type is unknown", advice)
	}
	var values []string
	for line := range strings.Lines(content) {
		if key, value, ok := strings.Cut(line, "="); ok && strings.Contains(key, "secret") {
			values = append(values, strings.Trim(strings.TrimSpace(value), `"'`+"`"))
		}
	}
	return explain(name, err, "check the section in "+path, values)
}
