# A client of HTTP/3 by aioquic: port, the authority's certificate, the server's name, paths that are asked for side by side on a
# new connection, paths that are asked for with early data on another. A line each: path, status, bytes, and the body if it is JSON.
import asyncio, sys
from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration

class Client(QuicConnectionProtocol):
    def __init__(self, *a, **k):
        super().__init__(*a, **k)
        self.http, self.answers = H3Connection(self._quic), {}

    def quic_event_received(self, event):
        for it in self.http.handle_event(event):
            if not isinstance(it, (HeadersReceived, DataReceived)): continue
            answer = self.answers[it.stream_id]
            if isinstance(it, HeadersReceived): answer[0] = dict(it.headers)[b":status"].decode()
            else: answer[1] += it.data
            if it.stream_ended: answer[2].set_result(None)

    async def get(self, path):
        stream = self._quic.get_next_available_stream_id()
        answer = self.answers[stream] = [None, b"", asyncio.get_running_loop().create_future()]
        head = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", name.encode()), (b":path", path.encode())]
        self.http.send_headers(stream, head, end_stream=True)
        self.transmit()
        await answer[2]
        line = f"{path} {answer[0]} {len(answer[1])}"
        return line + " " + answer[1].decode().strip() if answer[1].startswith(b"{") else line

port, ca, name, paths, more = int(sys.argv[1]), *sys.argv[2:6]

async def main():
    tickets = []
    def configuration():
        it = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=name)
        it.load_verify_locations(ca)
        return it
    async with connect("127.0.0.1", port, configuration=configuration(), create_protocol=Client,
                       session_ticket_handler=tickets.append) as client:
        for line in await asyncio.gather(*(client.get(it) for it in paths.split(","))): print(line)
    again = configuration()
    again.session_ticket = tickets[0]
    async with connect("127.0.0.1", port, configuration=again, create_protocol=Client, wait_connected=False) as client:
        for line in await asyncio.gather(*(client.get(it) for it in more.split(","))): print(line)
        print("early data", client._quic.tls.early_data_accepted)

asyncio.run(asyncio.wait_for(main(), 30))
