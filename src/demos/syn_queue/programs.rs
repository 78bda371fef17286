//! The programs around a listener: clients that come one after another, a server that takes its time, and a flood.
use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::rc::Rc;
use std::time::Duration;

use etherparse::PacketBuilder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::net::{Listener, Net};
use crate::recording::Time;
use crate::services::within;

const REQUEST: &[u8] = b"A seat, please.\n";
const ANSWER: &[u8] = b"Here you are.\n";
/// A client waits no longer than this for its answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// What one client saw.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) called: Time,
    /// connect() returned.
    pub(super) connected: Option<Time>,
    pub(super) answered: Option<Time>,
    pub(super) failed: Option<(Time, String)>,
}

/// What all programs saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) visits: Vec<Visit>,
    /// Whom accept() returned, and when.
    pub(super) accepted: Vec<(Time, SocketAddr)>,
}

pub(super) type Log = Rc<RefCell<Seen>>;

/// One visit: connect, ask, take the answer; what it failed with. It is in the log from its beginning on.
pub(super) async fn visit<N: Net>(net: &N, at: SocketAddr, log: &Log) -> Option<String> {
    let index = {
        let visits = &mut log.borrow_mut().visits;
        visits.push(Visit { called: net.now(), connected: None, answered: None, failed: None });
        visits.len() - 1
    };
    let failed = match within(net, PATIENCE, ask(net, at, index, log)).await {
        Some(Ok(())) => return None,
        Some(Err(error)) => error.to_string(),
        None => format!("no answer in {} s", PATIENCE.as_secs()),
    };
    log.borrow_mut().visits[index].failed = Some((net.now(), failed.clone()));
    Some(failed)
}

async fn ask<N: Net>(net: &N, at: SocketAddr, index: usize, log: &Log) -> io::Result<()> {
    let mut stream = net.connect(at).await?;
    log.borrow_mut().visits[index].connected = Some(net.now());
    stream.write_all(REQUEST).await?;
    let mut answer = [0; ANSWER.len()];
    stream.read_exact(&mut answer).await?;
    log.borrow_mut().visits[index].answered = Some(net.now());
    Ok(())
}

/// Accepts one connection, works on it, answers, and only then accepts the next.
pub(super) async fn serve<N: Net>(net: N, listener: N::Listener, work: Duration, log: Log) {
    while let Ok((mut stream, peer)) = listener.accept().await {
        log.borrow_mut().accepted.push((net.now(), peer));
        net.sleep(work).await;
        let mut request = [0; REQUEST.len()];
        // A client that has gone away is no reason to stop; one that says nothing holds nobody up for long.
        let asked = within(&net, PATIENCE, stream.read_exact(&mut request)).await;
        if matches!(asked, Some(Ok(_))) {
            drop(stream.write_all(ANSWER).await);
        }
    }
}

/// The SYN number `n` of a flood: from an address of a network that nobody answers for (RFC 5737), with a header as a
/// current host's.
pub(super) fn forged_syn(n: u32, to: SocketAddrV4) -> Vec<u8> {
    let host = u8::try_from(n % 254 + 1).expect("at most 254");
    let from = Ipv4Addr::new(198, 51, 100, host);
    let port = 1024 + u16::try_from(n % 60_000).expect("below 60 000");
    let seq = n.wrapping_mul(2_654_435_761);
    let options = [etherparse::TcpOptionElement::MaximumSegmentSize(1460)];
    let builder = PacketBuilder::ipv4(from.octets(), to.ip().octets(), 64).tcp(port, to.port(), seq, 64_240).syn();
    let builder = builder.options(&options).expect("one option fits");
    let mut packet = Vec::with_capacity(builder.size(0));
    builder.write(&mut packet, &[]).expect("a vector takes every byte");
    packet
}
