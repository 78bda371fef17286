// A TCP echo server to complete (Lab 1B).
//
// It starts, listens and echoes: once for each client. That is enough for a first try and for nothing else.
// Mend it until `roundtrip grade tcp-echo --port 7000` finds all seven:
//   1. partial reads   every byte comes back, however the client cuts its stream
//   2. large writes    nothing is lost when the send buffer is full because the client reads slowly
//   3. half-close      after the client's FIN everything is still echoed, then the connection is closed
//   4. end of file     when the client has closed its side, so does the server: no leak, no busy loop
//   5. reset           a client that aborts does no harm: the next one is served
//   6. concurrent      a client that says nothing keeps nobody waiting
//   7. idle timeout    a client that is silent for --idle seconds is disconnected
//
// node echo.js --port 7000
"use strict";

const net = require("node:net");
const { parseArgs } = require("node:util");

const { values } = parseArgs({
  options: { port: { type: "string", default: "7000" }, idle: { type: "string", default: "5" } },
});
const port = Number(values.port);
const idle = Number(values.idle);

// Serves one client.
function serve(client, idle) {
  client.once("data", (data) => {
    client.write(data);
    client.end();
  });
}

net
  .createServer((client) => serve(client, idle))
  .listen(port, "127.0.0.1", () => console.log(`listening on 127.0.0.1:${port}`));
