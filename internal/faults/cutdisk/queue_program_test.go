package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"

	"serialgw/internal/queue"
)

const (
	queueDir  = "CUTDISK_QUEUE_DIR"
	queueLife = "CUTDISK_QUEUE_LIFE"
)

// recordOf is the one right content of a number appended in a life: both,
// then bytes that follow from them.
func recordOf(seq, life uint64) []byte {
	rng := rand.New(rand.NewPCG(seq, life))
	data := make([]byte, 16+rng.IntN(400))
	binary.LittleEndian.PutUint64(data, seq)
	binary.LittleEndian.PutUint64(data[8:], life)
	for i := range data[16:] {
		data[16+i] = byte(rng.Uint32())
	}
	return data
}

// lifeOf returns the life in which a record was appended, or an error if it is
// not what was appended under that number.
func lifeOf(seq uint64, data []byte) (uint64, error) {
	if len(data) < 16 {
		return 0, fmt.Errorf("record %d has %d bytes", seq, len(data))
	}
	life := binary.LittleEndian.Uint64(data[8:])
	if string(data) != string(recordOf(seq, life)) {
		return 0, fmt.Errorf("record %d of life %d is not what was appended", seq, life)
	}
	return life, nil
}

// queueProgram opens the queue, tells what is in it, acknowledges a part and
// appends until it is killed. Its lines: "R number life" a record found, "O next"
// when all are found, "A number" before all up to it are acknowledged, "W number life"
// after an append, "S number" after a sync.
func queueProgram(dir string) error {
	life, err := strconv.ParseUint(os.Getenv(queueLife), 10, 64)
	if err != nil {
		return err
	}
	cfg := queue.Defaults()
	cfg.Dir, cfg.SegmentBytes, cfg.MaxBytes, cfg.KeepFree = dir, 64<<10, 16<<20, 0
	q, err := queue.Open(cfg, queue.Options{})
	if err != nil {
		return err
	}
	var found []uint64
	for from := uint64(0); ; {
		seq, data, err := q.Read(from)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		in, err := lifeOf(seq, data)
		if err != nil {
			return err
		}
		fmt.Printf("R %d %d\n", seq, in)
		found, from = append(found, seq), seq+1
	}
	if s := q.Stats(); s.Dropped > 0 || s.InMemory {
		return fmt.Errorf("the queue dropped records or cannot write: %+v", s)
	}
	fmt.Printf("O %d\n", q.NextSeq())
	rng := rand.New(rand.NewPCG(life, 3))
	if n := len(found); n > 0 {
		done := found[rng.IntN(n)]
		fmt.Printf("A %d\n", done)
		for _, seq := range found {
			if seq <= done {
				q.Ack(seq)
			}
		}
	}
	return appendForEver(q, life, rng)
}

// appendForEver syncs after 1 to 60 records: with few there are many flushes
// to cut at, with many there is much to lose.
func appendForEver(q *queue.Queue, life uint64, rng *rand.Rand) error {
	for {
		for range 1 + rng.IntN(60) {
			seq := q.NextSeq()
			got, err := q.Append(recordOf(seq, life))
			if err != nil || got != seq {
				return fmt.Errorf("append of %d gave %d: %w", seq, got, err)
			}
			fmt.Printf("W %d %d\n", seq, life)
		}
		if synced, err := q.Sync(); err == nil { // without power it fails, and the kill comes
			fmt.Printf("S %d\n", synced)
		}
	}
}
