//! The client that orders a transfer, and the server that makes it: on any network, over TLS.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::NAME;
use crate::net::{Listener, Net};
use crate::recording::Time;
use crate::services::tls::{Agreed, Client, Server, Tls, TlsError};

/// Ordered twice it is made twice: POST is not idempotent (RFC 9110 §9.2.2).
const REQUEST: &[u8] =
    b"POST /transfers?to=alice&amount=100 HTTP/1.1\r\nHost: bank.example\r\nContent-Length: 0\r\n\r\n";
const DONE: &[u8] = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
/// RFC 8470 §5.2: come again when the handshake is over.
const TOO_EARLY: &[u8] = b"HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n";
/// A head longer than this is none of this bank's clients.
const LONGEST: usize = 2048;

/// What a client's connection came to, by the client's clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Visit {
    /// The local end.
    pub(super) local: Option<SocketAddr>,
    pub(super) began: Option<Time>,
    /// TCP is open.
    pub(super) connected: Option<Time>,
    /// The request could be written: the handshake was over, or it went as early data.
    pub(super) may_send: Option<Time>,
    /// The first answer was there.
    pub(super) answered: Option<Time>,
    pub(super) agreed: Agreed,
    /// The server took what came before its own answer.
    pub(super) took_early: bool,
    /// The server said 425, and the client came again.
    pub(super) again: bool,
    pub(super) failed: Option<String>,
}

/// What a run saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The client's connections, in order.
    pub(super) visits: Vec<Visit>,
    /// When a transfer was made, and whether its order came as early data.
    pub(super) transfers: Vec<(Time, bool)>,
    /// Orders that were answered with 425.
    pub(super) too_early: usize,
    /// What the server's handshakes failed with.
    pub(super) refused: Vec<String>,
    /// When the attacker sent what he had recorded, and how many bytes of it.
    pub(super) replayed: Option<(Time, usize)>,
}

pub(super) type Log = Rc<RefCell<Seen>>;

/// One connection: TCP, TLS, an order, the answer, the end.
pub(super) async fn visit<N: Net>(net: &N, at: SocketAddr, client: &Client, log: &Log) {
    let mut visit = Visit { began: Some(net.now()), ..Visit::default() };
    if let Err(error) = order(net, at, client, &mut visit).await {
        net.note(format!("the client gave up: {error}"));
        visit.failed = Some(error.to_string());
    }
    log.borrow_mut().visits.push(visit);
}

async fn order<N: Net>(net: &N, at: SocketAddr, client: &Client, visit: &mut Visit) -> Result<(), TlsError> {
    use crate::net::Stream as _;
    let stream = net.connect(at).await?;
    visit.connected = Some(net.now());
    visit.local = stream.local().ok();
    let mut tls = client.connect(net, stream, NAME).await?;
    visit.may_send = Some(net.now());
    tls.write_all(REQUEST).await?;
    tls.flush().await?;
    let mut answer = head(&mut tls).await?;
    visit.answered = Some(net.now());
    visit.took_early = tls.took_early_data();
    if answer.starts_with(b"HTTP/1.1 425") {
        visit.again = true;
        tls.write_all(REQUEST).await?;
        tls.flush().await?;
        answer = head(&mut tls).await?;
    }
    visit.agreed = tls.agreed();
    let status = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    net.note(format!("the bank answers: {}", crate::wire::text::visible_start(status, 60)));
    tls.shutdown().await?;
    while tls.read(&mut [0; LONGEST]).await? > 0 {}
    Ok(())
}

/// Reads up to the empty line.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    while !all.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await?;
        all.push(byte);
        if all.len() > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a head of more than 2048 bytes"));
        }
    }
    Ok(all)
}

/// The bank: takes every connection; `careful` answers orders that came as early data with 425.
pub(super) async fn serve<N: Net>(net: &N, listener: N::Listener, server: Server, careful: bool, log: &Log) {
    let (own, log) = (net.clone(), Rc::clone(log));
    net.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (net, server, log) = (own.clone(), server.clone(), Rc::clone(&log));
            own.spawn(async move {
                if let Err(error) = one(&net, stream, &server, careful, &log).await {
                    net.note(format!("the bank: {error}"));
                    log.borrow_mut().refused.push(error.to_string());
                }
            });
        }
    });
}

async fn one<N: Net>(net: &N, stream: N::Stream, server: &Server, careful: bool, log: &Log) -> Result<(), TlsError> {
    let mut tls = server.accept(net, stream).await?;
    loop {
        match head(&mut tls).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            head => drop(head?),
        }
        let early = tls.is_shaking_hands();
        answer(net, &mut tls, (early, careful), log).await?;
    }
    tls.shutdown().await?;
    Ok(())
}

async fn answer<N: Net>(
    net: &N,
    tls: &mut Tls<N::Stream>,
    (early, careful): (bool, bool),
    log: &Log,
) -> io::Result<()> {
    if early && careful {
        log.borrow_mut().too_early += 1;
        net.note("the order came as early data: it may be a replay, so come again (425)".to_owned());
        tls.write_all(TOO_EARLY).await?;
    } else {
        let nth = {
            let mut log = log.borrow_mut();
            log.transfers.push((net.now(), early));
            log.transfers.len()
        };
        net.note(format!("transfer {nth} is made: 100 to alice{}", if early { ", ordered in early data" } else { "" }));
        tls.write_all(DONE).await?;
    }
    tls.flush().await
}
