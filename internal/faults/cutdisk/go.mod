module serialgw/internal/faults/cutdisk

go 1.26.0

require (
	github.com/hanwen/go-fuse/v2 v2.12.1
	golang.org/x/sys v0.49.0
	serialgw v0.0.0-00010101000000-000000000000
)

require golang.org/x/sync v0.24.0 // indirect

replace serialgw => ../../..
