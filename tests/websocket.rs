//! WebSocket against an implementation that was written elsewhere (Python's websockets), both ways round, on loopback.
mod python;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use roundtrip::net::Net;
use roundtrip::net::host::HostNet;
use roundtrip::services::websocket::{self, Masks, Message, Opening, Options, WebSocketError};
use roundtrip::services::within;

/// Sends text, bytes in frames, a ping, closes; then a message that is too large. A line each.
const CLIENT: &str = r#"
import asyncio, sys
import websockets
from websockets.asyncio.client import connect

async def main():
    url = f"ws://127.0.0.1:{sys.argv[1]}/chat"
    async with connect(url, compression=None) as ws:
        for message in ["hällo", "", "x" * 70000, bytes(range(256))]:
            await ws.send(message)
            print(await ws.recv() == message)
        await ws.send(iter(["in ", "three ", "frames"]))
        print(await ws.recv())
        await (await ws.ping(b"there?"))
        print("pong")
    print("closed", ws.close_code)
    async with connect(url) as ws:
        print("extensions", [it.name for it in ws.protocol.extensions])
        await ws.send("x" * 200000)
        try: await ws.recv()
        except websockets.ConnectionClosed as it: print("closed", it.rcvd.code)

asyncio.run(asyncio.wait_for(main(), 30))
"#;

/// Sends everything back in two frames, pings, and closes when told to.
const SERVER: &str = r#"
import asyncio
from websockets.asyncio.server import serve

async def echo(ws):
    async for message in ws:
        if message == "close": return await ws.close(4001, "as you wish")
        await (await ws.ping())
        half = len(message) // 2
        await ws.send(iter([message[:half], message[half:]]) if half else message)

async def main():
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.wait_for(server.wait_closed(), 30)

asyncio.run(main())
"#;

// One test: the two halves share the environment that the first use makes.
#[test]
fn another_client_and_another_server_understand_ours() {
    let python = python::with("websockets==15.0.1").join("python");
    their_client(python.clone());
    their_server(python);
}

fn their_client(python: PathBuf) {
    let output = HostNet::run(|net| async move {
        let listener = net.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("ports are free");
        let port = roundtrip::net::Listener::local(&listener).expect("it is open").port();
        let options = Options { limit: 100_000, ..Options::default() };
        let own = net;
        net.spawn(async move { drop(websocket::serve_echo(own, listener, None, options).await) });
        let client = std::thread::spawn(move || {
            Command::new(python).args(["-c", CLIENT, &port.to_string()]).output().expect("it runs")
        });
        let ended = async {
            while !client.is_finished() {
                net.sleep(Duration::from_millis(20)).await;
            }
        };
        within(&net, Duration::from_secs(60), ended).await.expect("it ends by itself");
        client.join().expect("no panic")
    });
    let output = output.expect("an event queue");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let expected = "True\nTrue\nTrue\nTrue\nin three frames\npong\nclosed 1000\nextensions []\nclosed 1009\n";
    assert_eq!(out, expected, "{err}");
}

fn their_server(python: PathBuf) {
    let mut server = Command::new(python).args(["-c", SERVER]).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let port: u16 = line.trim().parse().expect("a port");
    let ended = HostNet::run(|net| async move {
        let talk = async {
            let stream = net.connect(SocketAddr::from(([127, 0, 0, 1], port))).await?;
            let opening = Opening { host: format!("127.0.0.1:{port}"), path: "/".to_owned(), ..Opening::default() };
            let options = Options { fragment: 1000, ..Options::default() };
            let mut socket = websocket::connect(stream, &opening, Masks::system(), options).await?;
            for message in
                [Message::Text("hällo".to_owned()), Message::Binary(vec![7; 70_000]), Message::Text(String::new())]
            {
                socket.send(&message).await?;
                assert_eq!(socket.receive().await?, message);
            }
            socket.send(&Message::Text("close".to_owned())).await?;
            socket.receive().await
        };
        within(&net, Duration::from_secs(20), talk).await.expect("it ends")
    });
    server.kill().expect("it is ours");
    server.wait().expect("it ends");
    match ended.expect("an event queue") {
        Err(WebSocketError::Closed(closed)) => {
            assert_eq!((closed.code, closed.reason.as_str()), (Some(4001), "as you wish"))
        }
        other => panic!("{other:?}"),
    }
}
