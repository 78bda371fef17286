//! What programs send and check on both sides: a stream whose every byte follows from its place.
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use roundtrip::lab::LabStream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Bytes of a write.
const CHUNK: usize = 16 * 1024;

/// After so many bytes a stream's content begins anew: a prime, so that no block that is lost or moved is that long.
const PERIOD: usize = 1_000_003;

static CONTENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let byte = |at: usize| ((at % PERIOD) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0];
    (0..PERIOD + CHUNK).map(byte).collect()
});

/// Makes the content, which takes a moment, before time counts.
pub(crate) fn prepare() {
    LazyLock::force(&CONTENT);
}

/// The bytes of a stream from one place to another, at most a chunk: a lost, doubled or moved byte does not fit.
fn content(from: usize, to: usize) -> &'static [u8] {
    let start = from % PERIOD;
    &CONTENT[start..start + (to - from).min(CHUNK)]
}

/// Checks bytes that were read, one after the other.
#[derive(Debug)]
struct Checked {
    place: usize,
}

impl Checked {
    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let expected = content(self.place, self.place + bytes.len());
            let (now, later) = bytes.split_at(expected.len());
            assert!(now == expected, "the bytes after {} are others than were sent", self.place);
            self.place += now.len();
            bytes = later;
        }
    }
}

/// A kernel socket sends so many bytes.
pub(crate) fn send(mut to: &TcpStream, total: usize) -> io::Result<()> {
    for place in (0..total).step_by(CHUNK) {
        to.write_all(content(place, total))?;
    }
    Ok(())
}

/// A kernel socket reads to the end of the stream and gives the number of bytes.
pub(crate) fn receive(mut from: &TcpStream) -> io::Result<usize> {
    let (mut checked, mut buffer) = (Checked { place: 0 }, vec![0; 64 * 1024]);
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(checked.place),
            bytes => checked.take(&buffer[..bytes]),
        }
    }
}

/// A kernel socket sends and reads at once, closing its half when it has sent all.
pub(crate) fn exchange(stream: &TcpStream, total: usize) -> usize {
    thread::scope(|scope| {
        scope.spawn(|| {
            send(stream, total).expect("the lab takes all");
            stream.shutdown(std::net::Shutdown::Write).expect("connected");
        });
        receive(stream).expect("the lab sends all")
    })
}

/// A lab program sends so many bytes.
pub(crate) async fn lab_send(to: &mut (impl tokio::io::AsyncWrite + Unpin), total: usize) -> io::Result<()> {
    for place in (0..total).step_by(CHUNK) {
        to.write_all(content(place, total)).await?;
    }
    Ok(())
}

/// A lab program reads to the end of the stream and gives the number of bytes.
pub(crate) async fn lab_receive(from: &mut (impl tokio::io::AsyncRead + Unpin)) -> io::Result<usize> {
    let (mut checked, mut buffer) = (Checked { place: 0 }, vec![0; 64 * 1024]);
    loop {
        match from.read(&mut buffer).await? {
            0 => return Ok(checked.place),
            bytes => checked.take(&buffer[..bytes]),
        }
    }
}

/// A lab program sends and reads at once, closing its half when it has sent all.
pub(crate) async fn lab_exchange(stream: LabStream, net: &roundtrip::lab::LabNet, total: usize) -> usize {
    let (mut reading, mut writing) = tokio::io::split(stream);
    net.spawn(async move {
        lab_send(&mut writing, total).await.expect("the kernel takes all");
        writing.shutdown().await.expect("connected");
    });
    lab_receive(&mut reading).await.expect("the kernel sends all")
}

/// A listening kernel socket.
pub(crate) fn listen(at: &str) -> TcpListener {
    TcpListener::bind(at).expect("the address is on the TUN")
}

/// Connects a kernel socket whose calls give up after a while, so that no test waits for ever.
pub(crate) fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    patient(&stream);
    Ok(stream)
}

/// Accepts one connection, whose calls give up after a while.
pub(crate) fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().expect("one lab program connects");
    patient(&stream);
    stream
}

/// Longer than any pause of a test.
const PATIENCE: Duration = Duration::from_secs(30);

fn patient(stream: &TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
    stream.set_write_timeout(Some(PATIENCE)).expect("not zero");
}
