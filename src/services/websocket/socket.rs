//! An open WebSocket: messages are sent in frames and received out of frames, pings answered, the end agreed on.
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::error::{Closed, WebSocketError};
use super::masks::Masks;
use super::received::{Event, Received, mask};
use crate::wire::websocket::names::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, may_be_sent};

/// Read at once.
const PIECE: usize = 8 << 10;
/// While more than this waits to be sent, nothing is read: who sends pings and reads no pongs fills no memory.
const MOST_UNSENT: usize = 256 << 10;
/// RFC 6455 §5.5: 125 bytes, 2 of them the code.
const MOST_REASON: usize = 123;

/// What programs say to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Text(String),
    Binary(Vec<u8>),
}

impl Message {
    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// What may be chosen about an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of a message that comes in; a larger one ends the connection with 1009.
    pub limit: usize,
    /// Bytes of a frame's payload that goes out: longer messages are cut into several frames.
    pub fragment: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { limit: 1 << 20, fragment: usize::MAX }
    }
}

/// An open connection. Dropped, it ends without a close frame.
pub struct Socket<S> {
    stream: S,
    /// A client masks what it sends.
    masks: Option<Masks>,
    fragment: usize,
    received: Received,
    unsent: Vec<u8>,
    /// A close frame was sent: nothing may follow it.
    closing: bool,
    pongs: usize,
}

type Result<T> = std::result::Result<T, WebSocketError>;

impl<S> fmt::Debug for Socket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket({} bytes to send)", self.unsent.len())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// What HTTP opened; `ahead` came behind the handshake. The end with masks is the client.
    pub(super) fn new(stream: S, ahead: Vec<u8>, masks: Option<Masks>, options: Options) -> Self {
        let received = Received::new(masks.is_none(), options.limit, ahead);
        let fragment = options.fragment.max(1);
        Self { stream, masks, fragment, received, unsent: Vec::new(), closing: false, pongs: 0 }
    }

    /// Sends a message and waits until the system has taken it.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn send(&mut self, message: &Message) -> Result<()> {
        self.put(message);
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Takes a message to be sent while something is received, or by the next [`Self::send`].
    pub fn put(&mut self, message: &Message) {
        let mut opcode = if matches!(message, Message::Text(_)) { TEXT } else { BINARY };
        let mut rest = message.bytes();
        loop {
            let (piece, behind) = rest.split_at(rest.len().min(self.fragment));
            self.frame(opcode, behind.is_empty(), piece);
            // RFC 6455 §5.4.
            (opcode, rest) = (CONTINUATION, behind);
            if rest.is_empty() {
                return;
            }
        }
    }

    /// Asks for a pong. RFC 6455 §5.5.2.
    ///
    /// # Errors
    /// When the connection broke.
    ///
    /// # Panics
    /// With more than 125 bytes, which no control frame carries.
    pub async fn ping(&mut self, bytes: &[u8]) -> Result<()> {
        assert!(bytes.len() <= 125, "a control frame carries 125 bytes at the most");
        self.frame(PING, true, bytes);
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// How many pongs have come.
    #[must_use]
    pub const fn pongs(&self) -> usize {
        self.pongs
    }

    /// The next message. Pings are answered meanwhile, and what was [`Self::put`] is sent. May be dropped and called again.
    ///
    /// # Errors
    /// [`WebSocketError::Closed`] once the other end has closed, and was answered; when it breaks a rule (it is then told which) or
    /// the connection.
    pub async fn receive(&mut self) -> Result<Message> {
        loop {
            match self.event().await? {
                Event::Message(message) => return Ok(message),
                Event::Ping(bytes) if !self.closing => self.frame(PONG, true, &bytes),
                Event::Ping(_) => {}
                Event::Pong(_) => self.pongs += 1,
                Event::Close(closed) => {
                    // RFC 6455 §5.5.1: the answer has the same code.
                    self.say_close(closed.code, "");
                    self.end().await;
                    return Err(WebSocketError::Closed(closed));
                }
            }
        }
    }

    /// Closes, and waits until the other end has, too; messages that come meanwhile are lost. Bounded by the caller's patience.
    ///
    /// # Errors
    /// When the code must not be sent, or the connection ends without an answer.
    pub async fn close(&mut self, code: u16, reason: &str) -> Result<Closed> {
        if !may_be_sent(code) || reason.len() > MOST_REASON {
            return Err(WebSocketError::Unsendable(code));
        }
        self.say_close(Some(code), reason);
        poll_fn(|cx| self.poll_flush(cx)).await?;
        loop {
            match self.receive().await {
                Err(WebSocketError::Closed(closed)) => return Ok(closed),
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
    }

    async fn event(&mut self) -> Result<Event> {
        loop {
            match self.received.next() {
                Ok(Some(event)) => return Ok(event),
                Ok(None) => {}
                Err(error) => {
                    if let WebSocketError::Fault { code, why } = error {
                        // RFC 6455 §7.1.7: it is told, and the connection ends.
                        self.say_close(Some(code), why);
                        self.end().await;
                    }
                    return Err(error);
                }
            }
            let mut piece = [0; PIECE];
            match poll_fn(|cx| self.poll_move(cx, &mut piece)).await? {
                0 => return Err(WebSocketError::Ended),
                length => self.received.push(&piece[..length]),
            }
        }
    }

    /// Reads, and sends meanwhile what waits.
    fn poll_move(&mut self, cx: &mut Context<'_>, piece: &mut [u8]) -> Poll<Result<usize>> {
        let sent = self.poll_flush(cx)?;
        if sent.is_pending() && self.unsent.len() > MOST_UNSENT {
            return Poll::Pending;
        }
        let mut buffer = ReadBuf::new(piece);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while !self.unsent.is_empty() {
            let taken = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.unsent))?;
            if taken == 0 {
                return Poll::Ready(Err(std::io::Error::from(std::io::ErrorKind::WriteZero).into()));
            }
            self.unsent.drain(..taken);
        }
        Pin::new(&mut self.stream).poll_flush(cx).map_err(Into::into)
    }

    fn say_close(&mut self, code: Option<u16>, reason: &str) {
        if !self.closing {
            let mut payload = code.map_or_else(Vec::new, |it| it.to_be_bytes().to_vec());
            payload.extend(reason.as_bytes());
            self.frame(CLOSE, true, &payload);
            self.closing = true;
        }
    }

    /// Sends what is left, and TCP's end (RFC 6455 §7.1.1: the server's first; a client's follows at once here).
    async fn end(&mut self) {
        // A connection that breaks now ends as well.
        drop(poll_fn(|cx| self.poll_flush(cx)).await);
        drop(self.stream.shutdown().await);
    }

    /// RFC 6455 §5.2.
    fn frame(&mut self, opcode: u8, fin: bool, payload: &[u8]) {
        let masked = if self.masks.is_some() { 0x80 } else { 0 };
        self.unsent.push(opcode | if fin { 0x80 } else { 0 });
        match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
            (Ok(length @ ..=125), _) => self.unsent.push(masked | length),
            (_, Ok(length)) => {
                self.unsent.push(masked | 126);
                self.unsent.extend(length.to_be_bytes());
            }
            _ => {
                self.unsent.push(masked | 127);
                self.unsent.extend((payload.len() as u64).to_be_bytes());
            }
        }
        let Some(masks) = &mut self.masks else { return self.unsent.extend(payload) };
        let key: [u8; 4] = masks.draw();
        self.unsent.extend(key);
        let from = self.unsent.len();
        self.unsent.extend(payload);
        mask(&mut self.unsent[from..], key);
    }
}
