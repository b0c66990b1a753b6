// Package embedded runs a NATS server with JetStream inside the program, for work
// that is spread over processes where nobody runs a server.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startTime is how long a server may take to read its files and start.
const startTime = time.Minute

// Server is a running server. It is safe for concurrent use.
type Server struct{ server *server.Server }

// Start starts a server that keeps its files in a folder, which it makes if need be.
// One server uses a folder at a time. Every message is on the disk before it is
// confirmed, so that neither the end of the process nor, as far as the disk keeps what
// it has confirmed, that of the machine loses any.
//
// An empty address has the server listen nowhere: only Connect reaches it. Otherwise
// it is a host and a port, such as 127.0.0.1:4222, for others to join. It must be a
// loopback address, because the server asks nobody for a password. Port 0 is one that
// is free.
func Start(folder, address string) (*Server, error) {
	options := &server.Options{
		ServerName: "imm", JetStream: true, StoreDir: folder, SyncAlways: true,
		NoSigs: true, NoLog: true, DontListen: address == "",
	}
	if address != "" {
		host, port, err := parse(address)
		if err != nil {
			return nil, err
		}
		options.Host, options.Port = host, port
		if err := tryAddress(host, port); err != nil {
			return nil, err
		}
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("embedded: the server cannot be made: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(startTime) || !s.JetStreamEnabled() {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("embedded: the server does not start; is %s free, and can %s be written by this program alone?", orNowhere(address), folder)
	}
	return &Server{s}, nil
}

func parse(address string) (host string, port int, err error) {
	if strings.Contains(address, "@") { // what stands before it may be a password, and is not repeated
		return "", 0, errors.New("embedded: the server asks nobody for a name and a password; want a host and a port alone, such as 127.0.0.1:4222")
	}
	host, number, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(number)
	}
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("embedded: %q is no address to listen at; want a host and a port, such as 127.0.0.1:4222", address)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", 0, fmt.Errorf("embedded: %q does not say that it is of this machine alone, and the server asks nobody for a password; want 127.0.0.1, or a server of your own for others to join", address)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// tryAddress says at once what the server would not say at all.
func tryAddress(host string, port int) error {
	address := net.JoinHostPort(host, strconv.Itoa(max(port, 0)))
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return fmt.Errorf("embedded: the server cannot listen at %s, which another one may do: %w", address, err)
	}
	return listener.Close()
}

func orNowhere(address string) string {
	if address == "" {
		return "its folder"
	}
	return address
}

// Connect connects to the server without a network.
func (s *Server) Connect(options ...nats.Option) (*nats.Conn, error) {
	return nats.Connect("", append([]nats.Option{nats.InProcessServer(s.server)}, options...)...)
}

// URL is where others reach the server; empty if it listens nowhere.
func (s *Server) URL() string {
	if s.server.Addr() == nil {
		return ""
	}
	return "nats://" + s.server.Addr().String()
}

// Clients is how many connections there are, those of Connect included.
func (s *Server) Clients() int { return s.server.NumClients() }

// Close stops the server, and returns when its files are closed.
func (s *Server) Close() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}
