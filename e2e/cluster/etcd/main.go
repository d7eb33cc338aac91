// Command etcd is the etcd server. `go install` of its own main package is refused, because its module has replace
// directives.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
