//! What came in: frames held against the rules, messages put together, text checked as it comes. No IO.
use super::error::{Closed, WebSocketError};
use super::socket::Message;
use crate::wire::websocket::Header;
use crate::wire::websocket::names::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, is_reserved, may_be_sent};

/// RFC 6455 §7.4.1.
const PROTOCOL_ERROR: u16 = 1002;
const INVALID_PAYLOAD: u16 = 1007;
const TOO_BIG: u16 = 1009;
/// RFC 6455 §5.5.
const MOST_CONTROL: u64 = 125;

/// What a frame brought to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    Message(Message),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Closed),
}

/// Bytes that came in, and the message they are a part of. Holds no more than twice the largest message.
#[derive(Debug)]
pub(super) struct Received {
    /// Whether this end is the server: then what comes must be masked.
    server: bool,
    /// Bytes of a message at the most.
    limit: usize,
    bytes: Vec<u8>,
    message: Option<Begun>,
}

/// A message whose last frame has not come.
#[derive(Debug)]
struct Begun {
    is_text: bool,
    bytes: Vec<u8>,
    /// So many of them are whole characters.
    checked: usize,
}

type Result<T> = std::result::Result<T, WebSocketError>;

const fn fault(code: u16, why: &'static str) -> WebSocketError {
    WebSocketError::Fault { code, why }
}

impl Received {
    pub(super) fn new(server: bool, limit: usize, bytes: Vec<u8>) -> Self {
        Self { server, limit, bytes, message: None }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The next thing that is whole; `None` until more comes.
    pub(super) fn next(&mut self) -> Result<Option<Event>> {
        while let Some(head) = Header::read(&self.bytes) {
            self.judge(&head)?;
            let payload = usize::try_from(head.payload).map_err(|_| fault(TOO_BIG, "the message is too big"))?;
            let end = head.length + payload;
            if self.bytes.len() < end {
                return Ok(None);
            }
            let mut plain = self.bytes[head.length..end].to_vec();
            self.bytes.drain(..end);
            if let Some(key) = head.key {
                mask(&mut plain, key);
            }
            if let Some(event) = self.frame(&head, plain)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Holds a header against RFC 6455 §5, before any of its payload is waited for.
    fn judge(&self, head: &Header) -> Result<()> {
        let held = self.message.as_ref().map_or(0, |it| it.bytes.len());
        let why = match head {
            it if it.reserved != 0 => "a reserved bit is set, and no extension was agreed on",
            it if is_reserved(it.opcode) => "an opcode that means nothing",
            it if it.key.is_some() != self.server && self.server => "a client's frame that is not masked",
            it if it.key.is_some() != self.server => "a server's frame that is masked",
            it if it.is_control() && !it.fin => "a control frame that is cut into several",
            it if it.is_control() && it.payload > MOST_CONTROL => "a control frame of more than 125 bytes",
            it if !it.shortest || it.payload >> 63 != 0 => "a length that is not written in as few bytes as it needs",
            it if it.opcode == CONTINUATION && self.message.is_none() => "it goes on with a message that was not begun",
            it if matches!(it.opcode, TEXT | BINARY) && self.message.is_some() => {
                "a message begins before the last was ended"
            }
            it if !it.is_control() && it.payload > (self.limit - held) as u64 => {
                return Err(fault(TOO_BIG, "the message is too big"));
            }
            _ => return Ok(()),
        };
        Err(fault(PROTOCOL_ERROR, why))
    }

    fn frame(&mut self, head: &Header, plain: Vec<u8>) -> Result<Option<Event>> {
        match head.opcode {
            PING => return Ok(Some(Event::Ping(plain))),
            PONG => return Ok(Some(Event::Pong(plain))),
            CLOSE => return close(&plain).map(|it| Some(Event::Close(it))),
            _ => {}
        }
        let is_text = head.opcode == TEXT;
        let message = self.message.get_or_insert(Begun { is_text, bytes: Vec::new(), checked: 0 });
        message.bytes.extend(plain);
        if message.is_text {
            message.check(head.fin)?;
        }
        if !head.fin {
            return Ok(None);
        }
        let Some(Begun { is_text, bytes, .. }) = self.message.take() else { return Ok(None) };
        let message = match is_text {
            true => Message::Text(String::from_utf8(bytes).map_err(|_| fault(INVALID_PAYLOAD, NOT_TEXT))?),
            false => Message::Binary(bytes),
        };
        Ok(Some(Event::Message(message)))
    }
}

const NOT_TEXT: &str = "text that is not UTF-8";

impl Begun {
    /// RFC 6455 §8.1: text is refused at the first byte that cannot be; a character may be cut by a frame's end.
    fn check(&mut self, is_last: bool) -> Result<()> {
        let Err(error) = std::str::from_utf8(&self.bytes[self.checked..]) else {
            self.checked = self.bytes.len();
            return Ok(());
        };
        self.checked += error.valid_up_to();
        if is_last || error.error_len().is_some() {
            return Err(fault(INVALID_PAYLOAD, NOT_TEXT));
        }
        Ok(())
    }
}

/// RFC 6455 §5.5.1.
fn close(plain: &[u8]) -> Result<Closed> {
    let Some((code, reason)) = plain.split_first_chunk() else {
        return match plain {
            [] => Ok(Closed { code: None, reason: String::new() }),
            _ => Err(fault(PROTOCOL_ERROR, "a close frame with half a code")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(fault(PROTOCOL_ERROR, "a close frame with a code that must not be sent"));
    }
    let reason = std::str::from_utf8(reason).map_err(|_| fault(INVALID_PAYLOAD, "a reason that is not UTF-8"))?;
    Ok(Closed { code: Some(code), reason: reason.to_owned() })
}

/// RFC 6455 §5.3; the same again undoes it.
pub(super) fn mask(bytes: &mut [u8], key: [u8; 4]) {
    bytes.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(server: bool, limit: usize, bytes: &[u8]) -> std::result::Result<Vec<Event>, String> {
        let mut received = Received::new(server, limit, bytes.to_vec());
        let mut events = Vec::new();
        while let Some(event) = received.next().map_err(|it| it.to_string())? {
            events.push(event);
        }
        Ok(events)
    }

    #[test]
    fn frames_become_messages_with_control_frames_between() {
        let bytes = b"\x01\x03Hel\x89\x02hi\x80\x02lo\x82\x00\x8a\x00\x88\x02\x03\xe8";
        let events = all(false, 5, bytes).expect("good frames");
        assert_eq!(
            events,
            [
                Event::Ping(b"hi".to_vec()),
                Event::Message(Message::Text("Hello".to_owned())),
                Event::Message(Message::Binary(Vec::new())),
                Event::Pong(Vec::new()),
                Event::Close(Closed { code: Some(1000), reason: String::new() }),
            ]
        );
    }

    #[test]
    fn what_breaks_a_rule_ends_with_its_code() {
        for (server, bytes, said) in [
            (true, &b"\x81\x00"[..], "not masked"),
            (false, b"\x81\x80\0\0\0\0", "is masked"),
            (false, b"\xc1\x00", "reserved bit"),
            (false, b"\x8b\x00", "opcode"),
            (false, b"\x09\x00", "cut into several"),
            (false, b"\x89\x7e\x00\x7e", "more than 125"),
            (false, b"\x81\x7e\x00\x05", "as few bytes"),
            (false, b"\x80\x00", "not begun"),
            (false, b"\x01\x00\x01\x00", "before the last"),
            (false, b"\x82\x0b", "too big (closed with 1009)"),
            (false, b"\x02\x06aaaaaa\x80\x05", "too big (closed with 1009)"),
            (false, b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", "too big (closed with 1009)"),
            (false, b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "as few bytes"),
            (false, b"\x88\x01a", "half a code"),
            (false, b"\x88\x02\x03\xee", "must not be sent"),
            (false, b"\x88\x03\x03\xe8\xff", "closed with 1007"),
            // The first byte that cannot be, though more of the message is to come.
            (false, b"\x01\x02\xc3\x28", "closed with 1007"),
            (false, b"\x81\x01\xc3", "closed with 1007"),
        ] {
            let error = all(server, 10, bytes).expect_err(said);
            assert!(error.contains(said), "{bytes:x?}: {error}");
        }
        // A character may be cut by a frame's end.
        assert_eq!(
            all(false, 10, b"\x01\x01\xc3\x80\x01\xa4").expect("good"),
            [Event::Message(Message::Text("ä".into()))]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same_and_hold_little(bytes: Vec<u8>, cut in 1_usize..40, server: bool) {
            let whole = all(server, 64, &bytes);
            let mut received = Received::new(server, 64, Vec::new());
            let (mut events, mut failed) = (Vec::new(), None);
            'all: for piece in bytes.chunks(cut) {
                received.push(piece);
                loop {
                    match received.next() {
                        Ok(Some(event)) => events.push(event),
                        Ok(None) => break,
                        Err(error) => { failed = Some(error.to_string()); break 'all; }
                    }
                }
                // What waits is one frame at the most: 125 bytes of a control frame, or a message.
                proptest::prop_assert!(received.bytes.len() < 140 + cut);
            }
            match (whole, failed) {
                (Ok(whole), None) => proptest::prop_assert_eq!(whole, events),
                (whole, failed) => proptest::prop_assert_eq!(whole.err(), failed),
            }
        }
    }
}
