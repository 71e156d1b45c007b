package main
import (
 _ "go.etcd.io/bbolt"
 _ "github.com/hashicorp/raft-wal"
 _ "modernc.org/sqlite"
 _ "serialgw/internal/queue"
)
func main(){}
