//! The box in between: it hands on what it gets, and records a flight, or changes a record or a hello. It has no key and needs none.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::edits::{self, Edit};
use super::programs::Log;
use crate::net::{Listener, Net, Stream};
use crate::services::within;

/// What one read takes at most.
const CHUNK: usize = 16_384;
/// The attacker hangs up after so long without an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the box has kept of the client's bytes, of its latest connection.
pub(super) type Tape = Rc<RefCell<Vec<u8>>>;

/// What the box does besides handing on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meddling {
    Nothing,
    /// It changes one bit of the client's record of data of that number.
    Bit(usize),
    /// It changes the first record of one of the two.
    Hello(Edit),
}

/// Hands every connection on to the server.
pub(super) async fn relay<N: Net>(net: &N, listener: N::Listener, to: SocketAddr, meddling: Meddling, tape: &Tape) {
    let (own, tape) = (net.clone(), Rc::clone(tape));
    net.spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tape.borrow_mut().clear();
            if let Err(error) = hand_on(&own, client, to, meddling, &tape).await {
                own.note(format!("the box: {error}"));
            }
        }
    });
}

/// One direction of a connection.
struct Way {
    meddling: Meddling,
    /// What is kept back until the first record is whole.
    held: Vec<u8>,
    /// Records of data that went by.
    records: usize,
}

impl Way {
    fn new(meddling: Meddling, is_client: bool) -> Self {
        let own = match meddling {
            Meddling::Bit(_) => is_client,
            Meddling::Hello(edit) => edit.is_of_client() == is_client,
            Meddling::Nothing => false,
        };
        Self { meddling: if own { meddling } else { Meddling::Nothing }, held: Vec::new(), records: 0 }
    }

    /// What goes on of what came, and what was done to it.
    fn through(&mut self, came: &[u8]) -> (Vec<u8>, Option<&'static str>) {
        self.held.extend_from_slice(came);
        let mut told = None;
        match self.meddling {
            Meddling::Nothing => {}
            Meddling::Bit(number) if change(&mut self.held, &mut self.records, number) => {
                self.meddling = Meddling::Nothing;
                told = Some("the box changes one bit inside a sealed record, and TCP's checksum with it");
            }
            Meddling::Bit(_) => {}
            Meddling::Hello(edit) => {
                let Some(length) = edits::whole(&self.held) else { return (Vec::new(), None) };
                self.meddling = Meddling::Nothing;
                if let Some(mut changed) = edit.of(&self.held[..length]) {
                    changed.extend_from_slice(&self.held[length..]);
                    self.held = changed;
                    told = Some(edit.told());
                }
            }
        }
        (std::mem::take(&mut self.held), told)
    }
}

async fn hand_on<N: Net>(
    net: &N,
    mut client: N::Stream,
    to: SocketAddr,
    meddling: Meddling,
    tape: &Tape,
) -> io::Result<()> {
    let mut server = net.connect(to).await?;
    let (mut up, mut down) = ([0; CHUNK], [0; CHUNK]);
    let [mut upward, mut downward] = [true, false].map(|is_client| Way::new(meddling, is_client));
    let mut answered = false;
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
                let (bytes, told) = upward.through(&up[..got]);
                if let Some(told) = told {
                    net.note(told.to_owned());
                }
                server.write_all(&bytes).await?;
            }
            got = server.read(&mut down) => {
                let got = got?;
                if got == 0 {
                    client.shutdown().await?;
                    return Ok(());
                }
                answered = true;
                let (bytes, told) = downward.through(&down[..got]);
                if let Some(told) = told {
                    net.note(told.to_owned());
                }
                client.write_all(&bytes).await?;
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
