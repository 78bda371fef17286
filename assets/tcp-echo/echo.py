#!/usr/bin/env python3
"""A TCP echo server to complete (Lab 1B).

It starts, listens and echoes: once, for one client at a time. That is enough for a first try and for nothing else.
Mend it until `roundtrip grade tcp-echo --port 7000` finds all seven:
  1. partial reads   every byte comes back, however the client cuts its stream
  2. large writes    nothing is lost when the send buffer is full because the client reads slowly
  3. half-close      after the client's FIN everything is still echoed, then the connection is closed
  4. end of file     when the client has closed its side, so does the server: no leak, no busy loop
  5. reset           a client that aborts does no harm: the next one is served
  6. concurrent      a client that says nothing keeps nobody waiting
  7. idle timeout    a client that is silent for --idle seconds is disconnected

python3 echo.py --port 7000
"""
import argparse
import socket


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=7000)
    options.add_argument("--idle", type=float, default=5)
    chosen = options.parse_args()
    with socket.create_server(("127.0.0.1", chosen.port)) as listener:
        print("listening on %s:%d" % listener.getsockname(), flush=True)
        while True:
            client, _ = listener.accept()
            serve(client, chosen.idle)


def serve(client, idle):
    """Serves one client."""
    with client:
        data = client.recv(4096)
        client.send(data)


if __name__ == "__main__":
    main()
