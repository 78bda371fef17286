// A TCP echo server to complete (Lab 1B).
//
// It starts, listens and echoes: once, for one client at a time. That is enough for a first try and for nothing else.
// Mend it until `roundtrip grade tcp-echo --port 7000` finds all seven:
//  1. partial reads   every byte comes back, however the client cuts its stream
//  2. large writes    nothing is lost when the send buffer is full because the client reads slowly
//  3. half-close      after the client's FIN everything is still echoed, then the connection is closed
//  4. end of file     when the client has closed its side, so does the server: no leak, no busy loop
//  5. reset           a client that aborts does no harm: the next one is served
//  6. concurrent      a client that says nothing keeps nobody waiting
//  7. idle timeout    a client that is silent for -idle seconds is disconnected
//
// go run echo.go --port 7000
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"time"
)

func main() {
	port := flag.Int("port", 7000, "port to listen on, on 127.0.0.1")
	idle := flag.Int("idle", 5, "seconds of silence after which a client is disconnected")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr())
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		if err := serve(client, time.Duration(*idle)*time.Second); err != nil {
			log.Fatal(err)
		}
	}
}

// serve serves one client.
func serve(client net.Conn, idle time.Duration) error {
	defer client.Close()
	buffer := make([]byte, 4096)
	count, err := client.Read(buffer)
	if err != nil && err != io.EOF {
		return err
	}
	_, err = client.Write(buffer[:count])
	return err
}
