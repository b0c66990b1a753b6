package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/imm-go/imm"
	"github.com/imm-go/imm/bulk"
	"github.com/imm-go/imm/notify"
)

// errNotOurs leaves a message in the queue, for whoever it is for.
var errNotOurs = errors.New("the message is about files of another run")

// confirmation sets up the way to learn the outcomes. The function that it returns
// ends what goes on for it.
func (x *indexing) confirmation(ctx context.Context, config *bulk.Config, giveUp context.CancelCauseFunc) (end func(), err error) {
	config.ConfirmWithin = x.confirmWithin
	switch x.confirm.value {
	case "poll":
		config.Confirm = bulk.ByPolling
	case "messages":
		config.Confirm = bulk.ByMessages
		return x.receive(ctx, config, giveUp)
	}
	return func() {}, nil
}

// receive takes the messages of this run from the queue until end is called.
// Messages of others stay there. A queue that cannot be read ends the run, which
// would wait for nothing.
func (x *indexing) receive(ctx context.Context, config *bulk.Config, giveUp context.CancelCauseFunc) (end func(), err error) {
	config.Tracker, err = notify.NewTracker(notify.WithUnknown(func(context.Context, *imm.IndexMessage) error { return errNotOurs }))
	if err != nil {
		return nil, err
	}
	creds, err := x.p.credentials()
	if err != nil {
		return nil, err
	}
	opts := append(slices.Clone(x.p.queueOptions), notify.WithObserver(x.p.telemetry.notifyObserver(config.Tracker)))
	receiver, err := notify.NewQueueReceiver(x.queueEndpoint, x.queue, creds, config.Tracker.Handle, opts...)
	if err != nil {
		return nil, usagef("--queue: %w", err)
	}
	receiving, stop := context.WithCancel(context.WithoutCancel(ctx)) // calls may end after an interrupt, and their messages come
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := receiver.Run(receiving); err != nil {
			giveUp(fmt.Errorf("the queue %s cannot be read, so no outcome would come: %w", quote(x.queue), err))
		}
	}()
	return func() {
		stop()
		<-ended
	}, nil
}
