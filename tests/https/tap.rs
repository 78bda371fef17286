//! A wire that is tapped: one TCP connection through this process, its bytes kept as the frames a capture would have, so that our
//! own view of packets can open what other people's programs said to each other.
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use etherparse::PacketBuilder;
use roundtrip::wire::analysis::Seen;
use roundtrip::wire::opened::{self, Opened};

/// Pieces in the order they came: whether the server sent it, and its bytes.
type Pieces = Arc<Mutex<Vec<(bool, Vec<u8>)>>>;

/// The largest piece that is one frame.
const SEGMENT: usize = 1460;
const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 40_000);
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 443);

/// A tap of the first connection that is opened to it.
pub(crate) struct Tap {
    pub(crate) at: SocketAddr,
    relay: JoinHandle<()>,
    pieces: Pieces,
}

impl Tap {
    /// Before a server.
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let at = listener.local_addr().expect("it listens");
        let pieces = Pieces::default();
        let kept = Arc::clone(&pieces);
        let relay = std::thread::spawn(move || {
            let (client, _) = listener.accept().expect("a client comes");
            let server = TcpStream::connect(server).expect("the server listens");
            let back = pass(&server, &client, true, &kept);
            let there = pass(&client, &server, false, &kept);
            drop((back.join(), there.join()));
        });
        Self { at, relay, pieces }
    }

    /// What these secrets open of it, once it is over.
    pub(crate) fn open(self, secrets: &str) -> Opened {
        self.relay.join().expect("both ends are closed");
        let frames = frames(&self.pieces.lock().expect("nobody panics"));
        let seen = (1..).zip(&frames).map(|(n, frame)| Seen { n, at_ns: u64::from(n) * 1_000_000, frame });
        opened::open(seen, secrets)
    }
}

/// Carries one direction to its end.
fn pass(from: &TcpStream, to: &TcpStream, is_server: bool, pieces: &Pieces) -> JoinHandle<()> {
    let (mut from, mut to) = (from.try_clone().expect("a descriptor"), to.try_clone().expect("a descriptor"));
    let pieces = Arc::clone(pieces);
    std::thread::spawn(move || {
        let mut buffer = vec![0; SEGMENT];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            pieces.lock().expect("nobody panics").push((is_server, buffer[..length].to_vec()));
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        // Either end may be gone already.
        drop(to.shutdown(Shutdown::Write));
    })
}

/// The connection as it would look on a wire.
fn frames(pieces: &[(bool, Vec<u8>)]) -> Vec<Vec<u8>> {
    // What each end has sent: the client's, the server's.
    let mut sent = [1000_u32, 5000];
    let mut frames = vec![frame(false, sent, "syn", &[]), frame(true, [1001, 5000], "syn ack", &[])];
    sent = [1001, 5001];
    frames.push(frame(false, sent, "ack", &[]));
    for (is_server, bytes) in pieces {
        frames.push(frame(*is_server, sent, "ack", bytes));
        sent[usize::from(*is_server)] += u32::try_from(bytes.len()).expect("a segment is small");
    }
    frames
}

/// A segment of one end, after these numbers of the client and the server.
fn frame(is_server: bool, [client, server]: [u32; 2], flags: &str, payload: &[u8]) -> Vec<u8> {
    let (from, to, seq, ack) =
        if is_server { (SERVER, CLIENT, server, client) } else { (CLIENT, SERVER, client, server) };
    let mut builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, from.0[3]], [2, 0, 0, 0, 0, to.0[3]])
        .ipv4(from.0, to.0, 64)
        .tcp(from.1, to.1, seq, 65_535);
    if flags.contains("syn") {
        builder = builder.syn();
    }
    if flags.contains("ack") {
        builder = builder.ack(ack);
    }
    let mut frame = Vec::with_capacity(builder.size(payload.len()));
    builder.write(&mut frame, payload).expect("memory takes it");
    frame
}
