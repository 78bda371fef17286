//! A DNS server's sockets: UDP (RFC 1035 §4.2.1) and TCP (RFC 7766) in front of what answers.
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Transport;
use super::responder::{Asker, Authority};
use crate::net::{Datagrams, Listener, Net};
use crate::services::{Crowd, within};

/// A connection on which nothing is asked for this long is closed (RFC 7766 §6.2.3).
const IDLE: Duration = Duration::from_secs(10);
/// Queries that may be worked on at once; one more is not taken.
const AT_ONCE: usize = 1000;

/// What answers a server's queries.
pub trait Answers: 'static {
    /// The answer to a message, or `None` for none.
    fn answer(&self, query: Vec<u8>, asker: Asker) -> impl Future<Output = Option<Vec<u8>>>;
}

impl Answers for Authority {
    async fn answer(&self, query: Vec<u8>, asker: Asker) -> Option<Vec<u8>> {
        Self::answer(self, &query, asker)
    }
}

/// Opens both sockets of a server at an address and serves beside the caller; port 0 chooses one. Gives where it listens.
///
/// # Errors
/// When the address cannot be had.
pub async fn serve<N: Net>(net: &N, at: SocketAddr, answers: impl Answers) -> io::Result<SocketAddr> {
    let listener = net.listen(at).await?;
    let at = listener.local()?;
    let socket = net.bind(at).await?;
    let answers = Rc::new(answers);
    let (own, shared) = (net.clone(), Rc::clone(&answers));
    net.spawn(async move { drop(datagrams(own, socket, shared).await) });
    let own = net.clone();
    net.spawn(async move { drop(connections(own, listener, answers).await) });
    Ok(at)
}

/// Answers datagrams until the socket fails.
async fn datagrams<N: Net>(net: N, socket: N::Datagrams, answers: Rc<impl Answers>) -> io::Result<()> {
    let (socket, crowd) = (Rc::new(socket), Crowd::default());
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let (length, from) = match socket.receive(&mut buffer).await {
            Ok(received) => received,
            // An earlier answer came to a closed port; that is the asker's matter.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
            Err(error) => return Err(error),
        };
        if crowd.size() >= AT_ONCE {
            continue;
        }
        let (query, member) = (buffer[..length].to_vec(), crowd.join());
        let (socket, answers) = (Rc::clone(&socket), Rc::clone(&answers));
        net.spawn(async move {
            let asker = Asker { address: from.ip(), transport: Transport::Udp };
            if let Some(reply) = answers.answer(query, asker).await {
                drop(socket.send_to(&reply, from).await);
            }
            drop(member);
        });
    }
}

/// Takes connections until the listening socket fails.
async fn connections<N: Net>(net: N, listener: N::Listener, answers: Rc<impl Answers>) -> io::Result<()> {
    let crowd = Crowd::default();
    loop {
        let (stream, from) = listener.accept().await?;
        if crowd.size() >= AT_ONCE {
            continue;
        }
        let (own, answers, member) = (net.clone(), Rc::clone(&answers), crowd.join());
        net.spawn(async move {
            drop(connection(&own, stream, from, &*answers).await);
            drop(member);
        });
    }
}

/// Answers the queries of one connection, one after the other, until the client closes it or is silent.
async fn connection<N: Net>(
    net: &N,
    mut stream: N::Stream,
    from: SocketAddr,
    answers: &impl Answers,
) -> io::Result<()> {
    let asker = Asker { address: from.ip(), transport: Transport::Tcp };
    while let Some(query) = within(net, IDLE, receive(&mut stream)).await.transpose()?.flatten() {
        if let Some(reply) = answers.answer(query, asker).await {
            within(net, IDLE, send(&mut stream, &reply)).await.ok_or(io::ErrorKind::TimedOut)??;
        }
    }
    within(net, IDLE, stream.shutdown()).await.unwrap_or(Ok(()))
}

/// Sends a message with its length in front (RFC 1035 §4.2.2), both in one write (RFC 7766 §8).
pub(super) async fn send(stream: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await
}

/// The next message of a stream; `None` when it ended in order.
pub(super) async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 2];
    if stream.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut length[1..]).await?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).await?;
    Ok(Some(message))
}
