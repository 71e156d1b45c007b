package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"serialgw/internal/gateway"
)

// retryLetters answers "deadletter-retry N [code=C] [identifier=I] [as=A]".
func (n *node) retryLetters(arguments []string) (gateway.Writing, error) {
	pick, err := n.parsePick(retryMove.use, arguments)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, w io.Writer) error {
		m := movedAs(n.gateway.Resend(ctx, pick))
		n.tellMoved(m, pick, "dead letters went back into the queue on request")
		return json.NewEncoder(w).Encode(m)
	}, nil
}

// clearLetters answers "deadletter-clear N [code=C] [identifier=I]".
func (n *node) clearLetters(arguments []string) (gateway.Writing, error) {
	pick, err := n.parsePick(clearMove.use, arguments)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, w io.Writer) error {
		m := movedAs(n.letters.Clear(pick))
		n.tellMoved(m, pick, "dead letters were thrown away on request")
		return json.NewEncoder(w).Encode(m)
	}, nil
}

// tellMoved writes down what was done; a command given twice finds nothing to do.
func (n *node) tellMoved(m moved, pick gateway.LetterPick, text string) {
	if m.Letters == 0 && m.Trouble == "" {
		return
	}
	line := n.log.Warn().Int("letters", m.Letters).Int("readings", m.Readings).Uint64("up_to", pick.Last)
	if m.Trouble != "" {
		line.Str("trouble", m.Trouble)
	}
	line.Msg(text)
}

func (n *node) parsePick(use string, arguments []string) (pick gateway.LetterPick, err error) {
	if len(arguments) == 0 {
		return pick, fmt.Errorf("deadletter-%s wants the number of a letter", use)
	}
	if pick.Last, err = parseLetterNumber(arguments[0]); err != nil {
		return pick, err
	}
	for _, word := range arguments[1:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "identifier":
			pick.Identifier = value
		case "code":
			code, err := strconv.Atoi(value)
			if err != nil {
				return pick, fmt.Errorf("deadletter-%s wants a number as code: %w", use, err)
			}
			pick.Code = &code
		case "as":
			pick.As = value
		default:
			return pick, fmt.Errorf("deadletter-%s does not know %s", use, name)
		}
	}
	if err := n.letters.Had(pick.Last); err != nil {
		return pick, fmt.Errorf("--confirm %w; \"serialgw deadletter %s\" shows which", err, use)
	}
	return pick, nil
}
