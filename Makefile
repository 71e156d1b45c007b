# serialgw: `make run` shows it working, `make test` proves it, `make help` lists the rest.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION)
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)'

.PHONY: help build run test race lint bench allocs allocs-update profile side-by-side queue-rivals damage fuzz noise inference cross system peers endurance rig torture sabotage transcripts generate clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:[^#]*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo; echo 'For those who change serialgw:'; echo
	@awk -F ':.*### ' '/^[a-z-]+:[^#]*### / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/serialgw, one static binary
	$(BUILD) -o bin/serialgw ./cmd/serialgw

run: build ## show the main job: recording, pty, gateway, OneNET simulator
	./bin/serialgw demo

test: ## run the tests (needs only Go)
	CGO_ENABLED=0 $(GO) test ./...

# The code of these starts no goroutine: the race detector has nothing to find in it.
SEQUENTIAL := codegen detect frame infer protogen reading report thingmodel
race: ### the tests of what starts goroutines under the race detector, with fewer random cases than make test draws (needs gcc)
	CGO_ENABLED=1 $(GO) test -race -short $(filter-out $(SEQUENTIAL:%=serialgw/internal/%),$(shell $(GO) list ./...))

lint: ### golangci-lint
	golangci-lint run ./...

BENCH     ?= .
BENCHTIME ?= 0.1s
bench: ### the benchmarks, in benchstat's format; BENCH=regexp: some of them
	@$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime $(BENCHTIME) -count 6 ./... | grep -v 'no test files'

allocs: ### fail where a benchmark allocates more memory than is written down
	$(GO) test ./internal/speed -count 1 -timeout 400s -run 'TestGate$$' -gate

allocs-update: ### write down how much memory each benchmark allocates now
	$(GO) test ./internal/speed -count 1 -timeout 400s -run 'TestGate$$' -update

profile: ### measure anew where time goes (default.pgo): the compiler optimises for it
	$(GO) test -trimpath ./cmd/serialgw -run '^$$' -bench . -benchtime 3s -cpuprofile bin/decode.prof -o bin/decode.test
	$(GO) test -trimpath ./internal/speed -run '^$$' -bench 'Publish|Line|Store' -benchtime 2s -cpuprofile bin/publish.prof -o bin/publish.test
	$(GO) tool pprof -proto -output cmd/serialgw/default.pgo bin/decode.prof bin/publish.prof

side-by-side: ### compare with other programs, half an hour; REFERENCE=the directory they are in; GOALS=7,8: only these rows of docs/performance.md
	$(GO) test ./internal/sidebyside -count 1 -timeout 90m -run 'TestGoals$$' -v -reference '$(REFERENCE)' $(if $(GOALS),-goals $(GOALS))

RUNS ?= 3
queue-rivals: ### compare the queue with bbolt, raft-wal and sqlite (needs root: makes a disk); RUNS=3: how often; RATES=1: instead, what our queue writes an hour
	$(GO) -C internal/queuerivals run . -runs $(RUNS) $(if $(RATES),-rates)

damage: ### damage the queue's files in every known way, and run a million operations against a model of it
	$(GO) test ./internal/queue -count 1 -timeout 60m -run 'TestDamage|TestModel' -campaign -v

FUZZTIME ?= 60s
fuzz: ### every fuzz target, each for FUZZTIME=60s
	@set -e; for dir in $$($(GO) list -f '{{.Dir}}' ./...); do \
	  for name in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go 2>/dev/null | sed 's/^func //'); do \
	    echo "== $$dir $$name"; (cd $$dir && $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x .); \
	  done; done

noise: ### send frames over a bad line and count what is lost or wrong: all presets, or FRAME=name, of FILE=my.toml
	$(GO) test ./internal/noise -count 1 -run 'TestBench$$' -v -seeds 20 $(if $(FILE),-description '$(FILE)') $(if $(FRAME),-frame '$(FRAME)')

cross: ## build for every supported machine into bin/
	GOOS=linux GOARCH=amd64 $(BUILD) -o bin/serialgw-linux-amd64 ./cmd/serialgw
	GOOS=linux GOARCH=arm64 $(BUILD) -o bin/serialgw-linux-arm64 ./cmd/serialgw
	GOOS=linux GOARCH=arm GOARM=7 $(BUILD) -o bin/serialgw-linux-armv7 ./cmd/serialgw
	GOOS=linux GOARCH=arm GOARM=6 $(BUILD) -o bin/serialgw-linux-armv6 ./cmd/serialgw

inference: ### what detect finds out about 100 protocols that it has never seen: docs/inference.md; UPDATE=1 writes it anew
	$(GO) test ./internal/infer -count 1 -timeout 30m -run 'TestUnseen$$' -v -unseen $(if $(UPDATE),-update-unseen)

system: build ### the built program as a process, with ptys, simulator and mosquitto
	$(GO) test -tags system -count 1 -timeout 15m ./internal/systemtest $(if $(SKIP),-skip '$(SKIP)')
	$(GO) test -tags system -count 1 -timeout 15m ./internal/codegen

peers: ### escapes and CRCs beside the programs of others: npm's cobs and slip, Debian's pppdump and crccheck
	npm install --prefix bin/peers --no-save --no-audit --no-fund --ignore-scripts cobs@0.2.1 slip@1.0.2
	$(GO) test -tags system -count 1 -timeout 300s ./internal/frame -run 'TestPeers' -v -args -peers

rig: build ### each fault of docs/reliability.md by itself at full length, as a table; a quarter of an hour
	$(GO) test -tags system -count 1 -timeout 30m ./internal/systemtest -run 'TestRig$$' -v -args -rig

endurance: build ### a day's backlog and a day's traffic; a quarter of an hour
	$(GO) test ./internal/gateway -count 1 -timeout 30m -run 'TestDrain_(ADay|Twenty)' -v -day
	$(GO) test -tags system -count 1 -timeout 60m ./internal/systemtest -run 'TestEndurance$$' -v -args -day

SEEDS ?= 1000
FROM  ?= 1
JOBS  ?= 8
torture: build ### schedules of faults, SEEDS=1000 from FROM=1 on, JOBS=8 at a time (needs root, /dev/fuse, a loop device, mosquitto)
	@rm -rf bin/torture
	@$(GO) test -tags system -count 1 -timeout 3h ./internal/systemtest -run 'TestTorture' -parallel $(JOBS) \
	  -args -from $(FROM) -seeds $(SEEDS) -table '$(CURDIR)/bin/torture'; status=$$?; \
	  cat bin/torture/*.txt; exit $$status

sabotage: ### put faults into the program: for each a named test must fail
	$(GO) test -tags system -count 1 -timeout 10m ./internal/systemtest -run 'TestSabotage' -v

transcripts: ### write the transcripts in testdata/captures anew: read the diff
	$(GO) test -C cmd/serialgw -count 1 -run 'TestTranscripts$$' -update

generate: ### make the demo's recording and our own in testdata/captures anew
	$(GO) generate ./...

clean: ## remove what was built
	rm -rf bin
