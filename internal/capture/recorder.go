package capture

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// RecorderConfig says where a recording goes.
type RecorderConfig struct {
	// Path is the file, which must not exist. With MaxBytes or MaxAge it names
	// a row of files: "night.pcapng" stands for night-0001.pcapng and so on. A
	// row that is there already is continued by further files.
	Path     string
	MaxBytes int64         // a file that would grow larger is followed by the next; 0 = no limit
	MaxAge   time.Duration // so is one whose first packet is this old; 0 = no limit
	Keep     int           // files of the row that are kept, the newest; 0 = all
	Sync     time.Duration // a power cut costs what came in since so long ago; 0 = each packet is synced
	Notes    []string      // for people, at the beginning of each file

	create func(path string) (recordFile, error) // tests put their own here
}

// recordFile is what a Recorder needs of a file.
type recordFile interface {
	io.Writer
	Sync() error
	Close() error
}

// Recorder writes a recording to disk. It may be used by several goroutines.
type Recorder struct {
	cfg    RecorderConfig
	mu     sync.Mutex
	ports  []Port
	number int // of the file in the row
	file   recordFile
	path   string
	w      *Writer
	size   int64 // of the file
	born   int64 // time of its first packet; 0 before
	dirty  bool  // something is written and not synced
	err    error // the first failure: what comes later must not stand behind a gap
	status Recorded

	stop    chan struct{} // ends the syncing
	syncing sync.WaitGroup
}

// Recorded is what a Recorder has done.
type Recorded struct {
	Files   []string // in order; those that were removed again, too
	Packets uint64
}

// NewRecorder creates the first file.
func NewRecorder(cfg RecorderConfig) (*Recorder, error) {
	if cfg.create == nil {
		cfg.create = createRecording
	}
	cfg.Path = filepath.Clean(cfg.Path)
	r := &Recorder{cfg: cfg, stop: make(chan struct{})}
	if cfg.row() {
		row, err := listRow(cfg.Path)
		if err != nil {
			return nil, err
		}
		if len(row) > 0 {
			r.number = rowNumber(cfg.Path, row[len(row)-1])
		}
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	if cfg.Sync > 0 {
		r.syncing.Go(r.syncAgain)
	}
	return r, nil
}

func (c RecorderConfig) row() bool { return c.MaxBytes > 0 || c.MaxAge > 0 }

// createRecording creates a file and sees to it that a power cut does not undo
// that.
func createRecording(path string) (recordFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s exists already: record into another file, or move it away", path)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot make the recording: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot make the recording: %w", err), file.Close())
	}
	return file, nil
}

// begin begins the next file.
func (r *Recorder) begin() error {
	r.number++
	path := r.cfg.Path
	if r.cfg.row() {
		path = rowName(path, r.number)
	}
	file, err := r.cfg.create(path)
	if err != nil {
		return err
	}
	r.file, r.path, r.size, r.born = file, path, 0, 0
	r.status.Files = append(r.status.Files, path)
	w, err := NewWriter(sized{r}, r.cfg.Notes...)
	for i := 0; i < len(r.ports) && err == nil; i++ {
		err = w.AddPort(r.ports[i])
	}
	if err != nil {
		return r.explain(err)
	}
	r.w = w
	r.dropOld()
	return nil
}

// sized is the file, and counts what it takes.
type sized struct{ r *Recorder }

func (s sized) Write(b []byte) (int, error) {
	n, err := s.r.file.Write(b)
	s.r.size += int64(n)
	return n, err
}

// explain adds to an error of the file what it means.
func (r *Recorder) explain(err error) error {
	return fmt.Errorf("%s: %w; what it holds so far can be read", r.path, err)
}

// AddPort describes a port before its first packet.
func (r *Recorder) AddPort(p Port) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.ports, func(old Port) bool { return old.Name == p.Name }) {
		return r.err
	}
	r.ports = append(r.ports, p)
	return r.try(func() error { return r.w.AddPort(p) })
}

// Write appends one packet. nil promises that the kernel has it: it survives
// the end of this program, and a power cut after Sync. After an error every
// further call returns that error.
func (r *Recorder) Write(p Packet) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.try(func() error {
		if r.full(p) {
			if err := r.next(); err != nil {
				return err
			}
		}
		if r.born == 0 {
			r.born = p.Time
		}
		if err := r.w.Write(p); err != nil {
			return r.explain(err)
		}
		r.status.Packets++
		r.dirty = true
		if r.cfg.Sync == 0 {
			return r.sync()
		}
		return nil
	})
}

// try keeps the first failure.
func (r *Recorder) try(step func() error) error {
	if r.err == nil {
		r.err = step()
	}
	return r.err
}

// packetRoom is more than a packet needs besides its bytes and its comment.
const packetRoom = 64

// full reports whether p belongs into the next file. A file holds one packet at
// least.
func (r *Recorder) full(p Packet) bool {
	if r.born == 0 {
		return false
	}
	large := r.cfg.MaxBytes > 0 && r.size+int64(len(p.Bytes)+len(p.Comment)+packetRoom) > r.cfg.MaxBytes
	old := r.cfg.MaxAge > 0 && p.Time-r.born >= int64(r.cfg.MaxAge)
	return large || old
}

func (r *Recorder) next() error {
	if err := r.finish(); err != nil {
		return err
	}
	return r.begin()
}

// finish syncs and closes the file.
func (r *Recorder) finish() error {
	err := r.sync()
	if closeErr := r.file.Close(); err == nil && closeErr != nil {
		err = r.explain(fmt.Errorf("cannot close the recording: %w", closeErr))
	}
	return err
}

func (r *Recorder) sync() error {
	if !r.dirty {
		return nil
	}
	r.dirty = false
	if err := r.file.Sync(); err != nil {
		return r.unsynced(err)
	}
	return nil
}

func (r *Recorder) unsynced(err error) error {
	return r.explain(fmt.Errorf("cannot bring the recording to the disk: %w", err))
}

// syncAgain syncs what is not until the recording ends. Packets are written
// meanwhile: a slow card must not bend the times of what comes in.
func (r *Recorder) syncAgain() {
	ticker := time.NewTicker(r.cfg.Sync)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-ticker.C:
			r.syncBehind()
		}
	}
}

func (r *Recorder) syncBehind() {
	r.mu.Lock()
	file, dirty := r.file, r.dirty
	r.dirty = false
	r.mu.Unlock()
	if !dirty {
		return
	}
	err := file.Sync()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && file == r.file { // else it was synced and closed
		_ = r.try(func() error { return r.unsynced(err) }) // the next Write, or Close, returns it
	}
}

// Recorded returns what has been recorded so far.
func (r *Recorder) Recorded() Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Recorded{Files: slices.Clone(r.status.Files), Packets: r.status.Packets}
}

// Close ends the recording and returns the error that ended it early, if one
// did.
func (r *Recorder) Close() error {
	close(r.stop)
	r.syncing.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		_ = r.file.Close() // the failure before is the one to tell
		return r.err
	}
	r.err = r.finish()
	return r.err
}

// dropOld removes the files of the row that are too many. One that cannot be
// removed is tried again with the next file.
func (r *Recorder) dropOld() {
	if r.cfg.Keep == 0 || !r.cfg.row() {
		return
	}
	row, err := listRow(r.cfg.Path)
	if err != nil {
		return
	}
	for len(row) > r.cfg.Keep {
		_ = os.Remove(row[0])
		row = row[1:]
	}
}

// rowName is the path of a file of a row: night-0001.pcapng.
func rowName(path string, number int) string {
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s-%04d%s", strings.TrimSuffix(path, ext), number, ext)
}

// rowNumber returns a file's number; 0 when it is not one of the row.
func rowNumber(path, name string) int {
	ext := filepath.Ext(path)
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, ext), strings.TrimSuffix(path, ext)+"-")
	if !ok || !strings.HasSuffix(name, ext) || len(digits) < 4 {
		return 0
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// listRow lists the files of a row, oldest first.
func listRow(path string) ([]string, error) {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot make the recording: %w", err)
	}
	var row []string
	for _, e := range entries {
		if name := filepath.Join(dir, e.Name()); rowNumber(path, name) > 0 {
			row = append(row, name)
		}
	}
	slices.SortFunc(row, func(a, b string) int {
		return rowNumber(path, a) - rowNumber(path, b)
	})
	return row, nil
}
