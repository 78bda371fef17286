/* A TCP echo server to complete (Lab 1B).
 *
 * It starts, listens and echoes: once, for one client at a time. That is enough for a first try and for nothing else.
 * Mend it until `roundtrip grade tcp-echo --port 7000` finds all seven:
 *   1. partial reads   every byte comes back, however the client cuts its stream
 *   2. large writes    nothing is lost when the send buffer is full because the client reads slowly
 *   3. half-close      after the client's FIN everything is still echoed, then the connection is closed
 *   4. end of file     when the client has closed its side, so does the server: no leak, no busy loop
 *   5. reset           a client that aborts does no harm: the next one is served
 *   6. concurrent      a client that says nothing keeps nobody waiting
 *   7. idle timeout    a client that is silent for --idle seconds is disconnected
 *
 * cc -O2 -Wall -Wextra -pthread echo.c -o echo-c && ./echo-c --port 7000
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* The number behind `name`, or `otherwise`. */
static int option(int argc, char **argv, const char *name, int otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return atoi(argv[i + 1]);
    return otherwise;
}

static int listen_on(int port)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0)
        fail("socket");
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0)
        fail("bind");
    if (listen(listener, 128) < 0)
        fail("listen");
    return listener;
}

/* Serves one client. */
static void serve(int client, int idle)
{
    (void)idle;
    char buffer[4096];
    ssize_t count = recv(client, buffer, sizeof buffer, 0);
    if (count < 0)
        fail("recv");
    if (send(client, buffer, (size_t)count, 0) < 0)
        fail("send");
    close(client);
}

int main(int argc, char **argv)
{
    int port = option(argc, argv, "--port", 7000);
    int idle = option(argc, argv, "--idle", 5);
    int listener = listen_on(port);
    printf("listening on 127.0.0.1:%d\n", port);
    fflush(stdout);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            fail("accept");
        serve(client, idle);
    }
}
