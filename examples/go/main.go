// A small Go application that takes its socket by the systemd protocol and speaks the runtime's pipe protocol.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// notify is the pipe to the runtime; without the runtime there is none.
var notify = func() *os.File {
	if fd, err := strconv.Atoi(os.Getenv("APPSERVER_NOTIFY_FD")); err == nil {
		return os.NewFile(uintptr(fd), "notify")
	}
	return nil
}()

// say writes one assignment, as sd_notify(3) would.
func say(assignment string) {
	if notify != nil {
		fmt.Fprintln(notify, assignment)
	}
}

func listener() (net.Listener, error) {
	if os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) && os.Getenv("LISTEN_FDS") != "" {
		return net.FileListener(os.NewFile(3, "listener"))
	}
	return net.Listen("tcp", ":8000")
}

func main() {
	listening, err := listener()
	if err != nil {
		say("X_APPSERVER_ERROR=LISTEN_FAILED " + err.Error())
		os.Exit(3)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(response, `{"message":"Hello from the shop","worker":%d}`, os.Getpid())
	})}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		say("READY=1")
		for range time.Tick(time.Second) {
			say("WATCHDOG=1")
		}
	}()
	go func() {
		<-ended
		server.Shutdown(context.Background())
		os.Exit(0)
	}()
	server.Serve(listening)
	select {}
}
