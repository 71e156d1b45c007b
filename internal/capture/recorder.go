package capture

import (
	"errors"
	"path/filepath"
	"slices"
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
	// Keep is how many files of the row stay, the newest; 0 = all. Older ones
	// are removed when another begins with its first packet. With MaxAge those
	// that were written to within Keep times MaxAge stay as well, however many
	// they are; with MaxBytes, too, only as long as the row holds no more than
	// Keep times MaxBytes. On a full disk the oldest make room, whatever their
	// age, until none but the present one is left.
	Keep  int
	Sync  time.Duration // a power cut costs what came in since so long ago; 0 = each packet is synced
	Notes []string      // for people, at the beginning of each file

	create func(path string) (recordFile, error) // tests put their own here
	now    func() time.Time                      // by which files age
}

func (c RecorderConfig) row() bool  { return c.MaxBytes > 0 || c.MaxAge > 0 }
func (c RecorderConfig) ring() bool { return c.row() && c.Keep > 0 }

// Recorder writes a recording to disk. It may be used by several goroutines.
//
//	Write ──▶ part ──▶ night-0002.pcapng       one file; a full one is followed by the next
//	            ▲      night-0001.pcapng
//	          Sync     once an interval, while packets go on
type Recorder struct {
	cfg     RecorderConfig
	mu      sync.Mutex
	ports   []Port
	early   []Packet // markers that wait for the first bytes
	number  int      // of the file in the row
	part    *part    // what is written to; nil before the first bytes
	files   []string // begun so far; those known to be removed left out
	packets uint64
	err     error // the first failure: what comes later must not stand behind a gap
	told    bool  // a caller has been given err

	closing sync.Once
	stop    chan struct{} // ends the syncing
	syncing sync.WaitGroup
}

// Recorded is what a Recorder has done.
type Recorded struct {
	Files   []string // that are there now, in order
	Packets uint64
}

// mostEarly bounds the markers that wait: the newest stay.
const mostEarly = 256

// NewRecorder sees to it that the first file can be created. It is with the
// first bytes: where nothing comes in there is no file.
func NewRecorder(cfg RecorderConfig) (*Recorder, error) {
	if cfg.create == nil {
		cfg.create = createRecording
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	cfg.Path = filepath.Clean(cfg.Path)
	r := &Recorder{cfg: cfg, stop: make(chan struct{})}
	path, err := r.nextPath()
	if err == nil {
		err = creatable(path)
	}
	if err != nil {
		return nil, err
	}
	if cfg.Sync > 0 {
		r.syncing.Go(r.syncAgain)
	}
	return r, nil
}

// AddPort describes a port before its first packet.
func (r *Recorder) AddPort(p Port) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.try(func() error {
		if slices.ContainsFunc(r.ports, func(old Port) bool { return old.Name == p.Name }) {
			return nil
		}
		r.ports = append(r.ports, p)
		if r.part == nil {
			return nil
		}
		return r.part.explain(r.part.w.AddPort(p))
	})
}

// Write appends one packet. nil promises that the kernel has it: it survives
// the end of this program, and a power cut after Sync. Markers before the
// first bytes wait for them. After an error every further call returns that
// error.
func (r *Recorder) Write(p Packet) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.try(func() error { return r.write(p) })
}

// try keeps the first failure.
func (r *Recorder) try(step func() error) error {
	if r.err == nil {
		r.err = step()
	}
	r.told = r.told || r.err != nil
	return r.err
}

func (r *Recorder) write(p Packet) error {
	if r.packets == 0 && len(p.Bytes) == 0 {
		r.early = append(r.early, p)
		r.early = r.early[max(len(r.early)-mostEarly, 0):]
		return nil
	}
	if r.full(p) {
		if err := r.finish(); err != nil {
			return err
		}
	}
	if r.part == nil {
		if err := r.begin(p); err != nil {
			return err
		}
	} else if err := r.part.w.Write(p); err != nil {
		return r.part.explain(err)
	}
	r.packets++
	r.part.dirty = true
	if r.cfg.Sync == 0 {
		return r.part.sync()
	}
	return nil
}

// packetRoom is more than a packet needs besides its bytes and its comment.
const packetRoom = 64

// full reports whether p belongs into the next file. A file holds one packet at
// least.
func (r *Recorder) full(p Packet) bool {
	if r.part == nil {
		return false
	}
	large := r.cfg.MaxBytes > 0 && r.part.size+int64(len(p.Bytes)+len(p.Comment)+packetRoom) > r.cfg.MaxBytes
	old := r.cfg.MaxAge > 0 && p.Time-r.part.born >= int64(r.cfg.MaxAge)
	return large || old
}

// finish ends the present file.
func (r *Recorder) finish() error {
	p := r.part
	r.part = nil
	return errors.Join(p.sync(), p.close())
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
	p := r.part
	if p == nil || !p.dirty || r.err != nil {
		r.mu.Unlock()
		return
	}
	p.dirty = false
	p.flight.Lock() // before mu is free: whoever finishes the file waits
	r.mu.Unlock()
	p.syncNow()
	p.flight.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil { // else Close tells of it
		r.err = p.syncFailure()
	}
}

// Recorded returns what has been recorded so far.
func (r *Recorder) Recorded() Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = existing(r.files)
	return Recorded{Files: slices.Clone(r.files), Packets: r.packets}
}

// Close ends the recording and returns what went wrong, but for an error that
// Write or AddPort has returned. Further calls do nothing.
func (r *Recorder) Close() (err error) {
	r.closing.Do(func() {
		close(r.stop)
		r.syncing.Wait()
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.told {
			err = r.err
		}
		if r.part != nil {
			err = errors.Join(err, r.finish())
		}
		if r.err == nil {
			r.err = errors.Join(err, errClosed)
		}
	})
	return err
}

var errClosed = errors.New("the recording has ended")
