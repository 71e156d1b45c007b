package main

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"go.etcd.io/bbolt"
	_ "modernc.org/sqlite" // the driver

	"serialgw/internal/queue"
)

// store is what all of them do here.
type store interface {
	// append makes the records survive a power cut.
	append(records [][]byte) error
	// take reads the oldest n records that are there and removes them. It
	// returns how many there were.
	take(n int) (int, error)
	close() error
}

// open opens the store of that name in dir.
func open(name, dir string) (store, error) {
	switch name {
	case "serialgw", "serialgw, acks synced":
		return openQueue(dir, name != "serialgw")
	case "bbolt":
		return openBolt(dir, true)
	case keptList:
		return openBolt(dir, false)
	case "raft-wal":
		return openWAL(dir)
	case "sqlite":
		return openSQLite(dir)
	}
	return nil, fmt.Errorf("no store %q", name)
}

func names() []string {
	return []string{"serialgw", "serialgw, acks synced", "bbolt", "raft-wal", "sqlite"}
}

// ours writes an acknowledgement down with the next sync, as the gateway does,
// or, with synced, with a sync of its own: then it promises what the others do.
type ours struct {
	q      *queue.Queue
	from   uint64
	synced bool
}

func openQueue(dir string, synced bool) (store, error) {
	cfg := queue.Defaults()
	cfg.Dir, cfg.KeepFree, cfg.MaxBytes = dir, 0, 8<<30
	q, err := queue.Open(cfg, queue.Options{})
	if err != nil {
		return nil, err
	}
	return &ours{q: q, synced: synced}, nil
}

func (o *ours) append(records [][]byte) error {
	if _, _, err := o.q.AppendAll(records); err != nil {
		return err
	}
	_, err := o.q.Sync()
	return err
}

func (o *ours) take(n int) (int, error) {
	var seqs []uint64
	for len(seqs) < n {
		seq, _, err := o.q.Read(o.from)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		seqs = append(seqs, seq)
		o.from = seq + 1
	}
	if len(seqs) == 0 {
		return 0, nil
	}
	if o.synced {
		o.q.Clear(seqs[len(seqs)-1])
	} else {
		o.q.Ack(seqs...)
	}
	_, err := o.q.Sync()
	return len(seqs), err
}

func (o *ours) close() error { return o.q.Close() }

// keptList is bbolt as it comes: a commit costs more, and opening much less.
const keptList = "bbolt, freelist kept"

// bolt has the settings with which a commit costs it least.
type bolt struct {
	db   *bbolt.DB
	next uint64
}

func openBolt(dir string, lean bool) (store, error) {
	db, err := bbolt.Open(filepath.Join(dir, "queue.db"), 0o600, &bbolt.Options{NoFreelistSync: lean, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	b := &bolt{db: db}
	return b, db.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists([]byte("q"))
		if err != nil {
			return err
		}
		if k, _ := bucket.Cursor().Last(); k != nil {
			b.next = binary.BigEndian.Uint64(k) + 1
		}
		return nil
	})
}

func (b *bolt) append(records [][]byte) error {
	return b.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte("q"))
		bucket.FillPercent = 1 // keys only go up
		for _, r := range records {
			if err := bucket.Put(binary.BigEndian.AppendUint64(nil, b.next), r); err != nil {
				return err
			}
			b.next++
		}
		return nil
	})
}

func (b *bolt) take(n int) (int, error) {
	var keys [][]byte
	if err := b.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte("q")).Cursor()
		for k, v := c.First(); k != nil && len(keys) < n; k, v = c.Next() {
			keys = append(keys, append([]byte(nil), k...))
			_ = append([]byte(nil), v...)
		}
		return nil
	}); err != nil || len(keys) == 0 {
		return 0, err
	}
	return len(keys), b.db.Update(func(tx *bbolt.Tx) error {
		for _, k := range keys {
			if err := tx.Bucket([]byte("q")).Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bolt) close() error { return b.db.Close() }

type raftWAL struct{ w *wal.WAL }

func openWAL(dir string) (store, error) {
	w, err := wal.Open(dir)
	if err != nil {
		return nil, err
	}
	return raftWAL{w}, nil
}

func (r raftWAL) append(records [][]byte) error {
	last, err := r.w.LastIndex()
	if err != nil {
		return err
	}
	logs := make([]*raft.Log, len(records))
	for i, b := range records {
		logs[i] = &raft.Log{Index: last + 1 + uint64(i), Data: b}
	}
	return r.w.StoreLogs(logs)
}

func (r raftWAL) take(n int) (int, error) {
	first, err := r.w.FirstIndex()
	if err != nil || first == 0 {
		return 0, err
	}
	last, err := r.w.LastIndex()
	if err != nil {
		return 0, err
	}
	end := min(last, first+uint64(n)-1)
	var log raft.Log
	for i := first; i <= end; i++ {
		if err := r.w.GetLog(i, &log); err != nil {
			return 0, err
		}
	}
	return int(end - first + 1), r.w.DeleteRange(first, end)
}

func (r raftWAL) close() error { return r.w.Close() }

type sqlite struct {
	db          *sql.DB
	insert, get *sql.Stmt
}

func openSQLite(dir string) (store, error) {
	db, err := sql.Open("sqlite", filepath.Join(dir, "queue.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s := &sqlite{db: db}
	if _, err := db.ExecContext(context.Background(), "CREATE TABLE IF NOT EXISTS q (id INTEGER PRIMARY KEY, data BLOB)"); err != nil {
		return nil, err
	}
	if s.insert, err = db.PrepareContext(context.Background(), "INSERT INTO q (data) VALUES (?)"); err != nil {
		return nil, err
	}
	s.get, err = db.PrepareContext(context.Background(), "SELECT id, data FROM q ORDER BY id LIMIT ?")
	return s, err
}

func (s *sqlite) append(records [][]byte) error {
	tx, err := s.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	stmt := tx.StmtContext(context.Background(), s.insert)
	for _, r := range records {
		if _, err := stmt.ExecContext(context.Background(), r); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (s *sqlite) take(n int) (int, error) {
	rows, err := s.get.QueryContext(context.Background(), n)
	if err != nil {
		return 0, err
	}
	var id int64
	var data []byte
	got := 0
	for ; rows.Next(); got++ {
		if err := rows.Scan(&id, &data); err != nil {
			return 0, err
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || got == 0 {
		return 0, err
	}
	_, err = s.db.ExecContext(context.Background(), "DELETE FROM q WHERE id <= ?", id)
	return got, err
}

func (s *sqlite) close() error { return s.db.Close() }
