package emulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imm-go/imm/immtest"
)

// addDestinations makes options of the flags that say where messages go.
func (v *flagValues) addDestinations() error {
	seen := make(map[string]bool)
	for _, text := range v.queues {
		name, timeout, given := strings.Cut(text, "=")
		visibility, err := time.ParseDuration(timeout)
		switch {
		case !validName(name) || seen[name]:
			return fmt.Errorf("-queue %q: it is name[=visibility], each name once, of 1 to 128 letters, digits, - and _, beginning with a letter or _", text)
		case given && (err != nil || visibility <= 0):
			return fmt.Errorf("-queue %q: the visibility timeout is a time above zero, such as 30s", text)
		}
		seen[name] = true
		v.options = append(v.options, immtest.WithQueue(name, visibility))
	}
	for _, text := range v.subscriptions {
		if err := v.addSubscription(text); err != nil {
			return fmt.Errorf("-subscription %q: %w", text, err)
		}
	}
	for _, text := range v.eventBridges {
		if err := v.addEventBridge(text); err != nil {
			// The text may have a token in it.
			return fmt.Errorf("-eventbridge: %w", err)
		}
	}
	return nil
}

func (v *flagValues) addSubscription(text string) error {
	topicName, destination, _ := strings.Cut(text, "=")
	if !validName(topicName) || destination == "" {
		return errors.New("it is topic=URL or topic=queue:name, and then perhaps ,format=json and ,strategy=exponential")
	}
	destination, settings, err := cutSettings(destination, "format", "strategy")
	if err != nil {
		return err
	}
	var sub immtest.Subscription
	if queueName, isQueue := strings.CutPrefix(destination, "queue:"); isQueue {
		sub.Queue = queueName
		if queueName == "" {
			return errors.New("the queue has no name")
		}
	} else {
		sub.URL = destination
	}
	if text, ok := settings["format"]; ok {
		err = errors.Join(err, sub.Format.UnmarshalText([]byte(text)))
	}
	if text, ok := settings["strategy"]; ok && err == nil {
		err = sub.Strategy.UnmarshalText([]byte(text))
	}
	if err == nil {
		err = sub.Validate()
	}
	v.options = append(v.options, immtest.WithSubscription(topicName, sub))
	return withoutPackage(err)
}

func (v *flagValues) addEventBridge(text string) error {
	address, settings, err := cutSettings(text, "token", "region")
	if err != nil {
		return err
	}
	target := immtest.EventBridgeTarget{URL: address, Token: settings["token"], Region: settings["region"]}
	v.options = append(v.options, immtest.WithEventBridge(target))
	return withoutPackage(target.Validate())
}

// cutSettings parts what stands before the first comma from the key=value that
// follow. The error does not show values.
func cutSettings(text string, known ...string) (first string, settings map[string]string, err error) {
	parts := strings.Split(text, ",")
	settings = make(map[string]string)
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(part, "=")
		switch _, twice := settings[key]; {
		case !slices.Contains(known, key):
			return "", nil, fmt.Errorf("there is no setting %q, only %s; a comma in a URL is written %%2C", key, strings.Join(known, " and "))
		case value == "" || twice:
			return "", nil, fmt.Errorf("the setting %s has no value, or is there twice", key)
		}
		settings[key] = value
	}
	return parts[0], settings, nil
}

// withoutPackage makes an error of immtest one of a flag.
func withoutPackage(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), "immtest: "))
}
