//! Numbered messages of one size, sent at a steady pace over TCP or UDP; each arrival is noted with its time.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::net::{Datagrams, Net};
use crate::recording::Time;

/// The smallest message: its number, as 4 bytes in network order.
pub const SMALLEST: usize = 4;

/// What is sent: messages 1 to `count`, `size` bytes each, one every `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Messages {
    pub count: u32,
    pub size: usize,
    pub interval: Duration,
}

/// A message and when the program had it in hand: as the sender, or as the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub number: u32,
    pub at: Time,
}

/// Messages in the order they were seen; shared, so that it outlives a program that never ends.
pub type Log = Rc<RefCell<Vec<Seen>>>;

impl Messages {
    /// The bytes of message `number`: the number, then letters that show where it begins and ends.
    #[must_use]
    pub fn bytes(&self, number: u32) -> Vec<u8> {
        let letter = b'a' + u8::try_from(number % 26).unwrap_or(0);
        let mut bytes = number.to_be_bytes().to_vec();
        bytes.resize(self.size.max(SMALLEST), letter);
        bytes
    }

    /// The number a message begins with.
    #[must_use]
    pub fn number(bytes: &[u8]) -> Option<u32> {
        bytes.first_chunk().map(|head| u32::from_be_bytes(*head))
    }

    /// Waits until message `number` is due, as counted from `start`.
    async fn due<N: Net>(&self, net: &N, start: Time, number: u32) {
        let due = start + self.interval * number.saturating_sub(1);
        net.sleep(due - net.now()).await;
    }
}

/// Sends every message into a TCP connection, then waits until the receiver has closed it.
///
/// # Errors
/// The socket's.
pub async fn send_stream<N: Net>(net: &N, stream: &mut N::Stream, messages: Messages, sent: &Log) -> io::Result<()> {
    let start = net.now();
    for number in 1..=messages.count {
        messages.due(net, start, number).await;
        sent.borrow_mut().push(Seen { number, at: net.now() });
        stream.write_all(&messages.bytes(number)).await?;
    }
    while stream.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}

/// Reads all messages from a TCP connection and closes it. TCP keeps no message boundaries: their size makes them.
///
/// # Errors
/// The socket's, and `UnexpectedEof` when the sender closes before the last message is whole.
pub async fn receive_stream<N: Net>(
    net: &N,
    stream: &mut N::Stream,
    messages: Messages,
    arrived: &Log,
) -> io::Result<()> {
    let mut message = vec![0; messages.size.max(SMALLEST)];
    for _ in 0..messages.count {
        stream.read_exact(&mut message).await?;
        let number = Messages::number(&message).unwrap_or(0);
        arrived.borrow_mut().push(Seen { number, at: net.now() });
    }
    stream.shutdown().await
}

/// Sends every message as a datagram.
///
/// # Errors
/// The socket's.
pub async fn send_datagrams<N: Net>(
    net: &N,
    socket: &N::Datagrams,
    to: SocketAddr,
    messages: Messages,
    sent: &Log,
) -> io::Result<()> {
    let start = net.now();
    for number in 1..=messages.count {
        messages.due(net, start, number).await;
        sent.borrow_mut().push(Seen { number, at: net.now() });
        socket.send_to(&messages.bytes(number), to).await?;
    }
    Ok(())
}

/// Notes every datagram that begins with a number; ends only with an error: UDP has no end of a conversation.
///
/// # Errors
/// The socket's.
pub async fn receive_datagrams<N: Net>(net: &N, socket: &N::Datagrams, size: usize, arrived: &Log) -> io::Result<()> {
    let mut buffer = vec![0; size.max(SMALLEST)];
    loop {
        let (length, _) = socket.receive(&mut buffer).await?;
        if let Some(number) = Messages::number(&buffer[..length]) {
            arrived.borrow_mut().push(Seen { number, at: net.now() });
        }
    }
}
