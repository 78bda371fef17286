//! The box in between: it hands on what it gets, and records a flight or changes a record. It has no key and needs none.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::programs::Log;
use crate::net::{Listener, Net, Stream};
use crate::services::within;

/// What one read takes at most.
const CHUNK: usize = 16_384;
/// The attacker hangs up after so long without an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the box has kept of the client's bytes, of its latest connection.
pub(super) type Tape = Rc<RefCell<Vec<u8>>>;

/// Hands every connection on to the server. With `meddles` it changes one bit of the client's record of data of that number.
pub(super) async fn relay<N: Net>(net: &N, listener: N::Listener, to: SocketAddr, meddles: Option<usize>, tape: &Tape) {
    let (own, tape) = (net.clone(), Rc::clone(tape));
    net.spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tape.borrow_mut().clear();
            if let Err(error) = hand_on(&own, client, to, meddles, &tape).await {
                own.note(format!("the box: {error}"));
            }
        }
    });
}

async fn hand_on<N: Net>(
    net: &N,
    mut client: N::Stream,
    to: SocketAddr,
    meddles: Option<usize>,
    tape: &Tape,
) -> io::Result<()> {
    let mut server = net.connect(to).await?;
    let (mut up, mut down) = ([0; CHUNK], [0; CHUNK]);
    let (mut records, mut answered) = (0, false);
    loop {
        tokio::select! {
            biased;
            got = client.read(&mut up) => {
                let got = got?;
                if got == 0 {
                    server.shutdown().await?;
                    // What the server still says is handed on.
                    tokio::io::copy(&mut server, &mut client).await?;
                    return client.shutdown().await;
                }
                if !answered {
                    tape.borrow_mut().extend_from_slice(&up[..got]);
                }
                if meddles.is_some_and(|number| change(&mut up[..got], &mut records, number)) {
                    net.note("the box changes one bit inside a sealed record, and TCP's checksum with it".to_owned());
                }
                server.write_all(&up[..got]).await?;
            }
            got = server.read(&mut down) => {
                let got = got?;
                if got == 0 {
                    client.shutdown().await?;
                    return Ok(());
                }
                answered = true;
                client.write_all(&down[..got]).await?;
            }
        }
    }
}

/// Changes a bit in the client's record of data (type 23) of that number. Whether it did.
fn change(bytes: &mut [u8], records: &mut usize, number: usize) -> bool {
    let mut at = 0;
    while let Some(&[kind, _, _, high, low]) = bytes.get(at..).and_then(|it| it.first_chunk()) {
        let length = usize::from(u16::from_be_bytes([high, low]));
        *records += usize::from(kind == 23);
        if let Some(byte) = bytes.get_mut(at + 5 + length / 2).filter(|_| kind == 23 && *records == number) {
            *byte ^= 1;
            *records += 1;
            return true;
        }
        at += 5 + length;
    }
    false
}

/// The attacker sends the recorded flight once more, on a connection of his own.
pub(super) async fn replay<N: Net>(net: &N, to: SocketAddr, tape: &Tape, log: &Log) -> io::Result<()> {
    let flight = tape.borrow().clone();
    net.note(format!("the attacker sends the recorded {} bytes again, on a connection of his own", flight.len()));
    log.borrow_mut().replayed = Some((net.now(), flight.len()));
    let mut stream = net.connect(to).await?;
    stream.write_all(&flight).await?;
    let mut buffer = [0; CHUNK];
    let mut got = 0;
    while let Some(Ok(more @ 1..)) = within(net, PATIENCE, stream.read(&mut buffer)).await {
        got += more;
    }
    net.note(match got {
        0 => "the attacker gets nothing back".to_owned(),
        _ => format!(
            "the attacker gets {got} bytes back and can read the server's hello in them: for the rest he has no key"
        ),
    });
    stream.abort();
    Ok(())
}
