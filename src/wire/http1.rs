//! HTTP/1.1 in the two streams of a connection: where the head and the body of each message lie, and where HTTP ends. RFC 9112 §6.
use std::iter;
use std::ops::Range;

/// More messages of one direction than this are not looked at.
const MOST_MESSAGES: usize = 20_000;

/// A message in the bytes of its direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Start line, fields and the empty line.
    pub(super) head: Range<usize>,
    /// All behind the head, with what frames it.
    pub(super) body: Range<usize>,
    /// What of that is content (RFC 9110 §6.4): all, or the chunks' data.
    pub(super) content: Vec<Range<usize>>,
}

/// What was said over a connection, as far as it is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exchanges {
    pub(super) requests: Vec<Message>,
    /// Interim ones (1xx) among them.
    pub(super) responses: Vec<Message>,
    pub(super) upgraded: Option<Upgraded>,
}

/// Both ends went on in another protocol. RFC 9110 §7.8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upgraded {
    /// As the server's Upgrade field names it, in lower case: `websocket`.
    pub(super) protocol: String,
    /// Where it begins: in what the client said, in what the server said.
    pub(super) from: [usize; 2],
    /// The server's Sec-WebSocket-Extensions (RFC 6455 §9.1); empty without.
    pub(super) extensions: String,
}

/// Reads both directions; stops where one is no HTTP/1.1, is cut, or goes on as something else.
pub(super) fn exchanges(client: &[u8], server: &[u8]) -> Exchanges {
    let mut all = Exchanges::default();
    let mut at = [0, 0];
    for _ in 0..MOST_MESSAGES {
        let Some(asked) = Head::read(client, at[0]) else { break };
        let Some(request) = asked.message(client, asked.length()) else { break };
        at[0] = request.body.end;
        all.requests.push(request);
        // RFC 9110 §15.2: interim responses come before the one that counts; 101 is the last of HTTP.
        let answered = loop {
            let Some(head) = Head::read(server, at[1]) else { return all };
            let Some(response) = head.message(server, head.length_of_answer(&asked)) else { return all };
            at[1] = response.body.end;
            all.responses.push(response);
            if head.status() == 101 || !(100..200).contains(&head.status()) || all.responses.len() > MOST_MESSAGES {
                break head;
            }
        };
        if answered.status() == 101 {
            let protocol = answered.field("upgrade").to_ascii_lowercase();
            let extensions = answered.field("sec-websocket-extensions");
            all.upgraded = Some(Upgraded { protocol, from: at, extensions });
            break;
        }
    }
    all
}

/// A head, its lines still bytes.
struct Head<'a> {
    range: Range<usize>,
    lines: Vec<&'a [u8]>,
}

/// How a body is framed. RFC 9112 §6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Bytes(usize),
    Chunked,
    /// As long as the connection lasts.
    ToTheEnd,
}

impl<'a> Head<'a> {
    /// The head that begins here, when all of it is here.
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let ahead = bytes.get(at..)?;
        let end = ahead.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
        let lines: Vec<&[u8]> = ahead[..end - 4].split(|it| *it == b'\n').map(|it| it.trim_ascii_end()).collect();
        let is_http = lines.first()?.windows(7).any(|it| it == b"HTTP/1.");
        is_http.then_some(Self { range: at..at + end, lines })
    }

    /// A field's value, those of several lines joined; empty when there is none.
    fn field(&self, name: &str) -> String {
        let value = |line: &&[u8]| {
            let colon = line.iter().position(|it| *it == b':')?;
            let is = line[..colon].eq_ignore_ascii_case(name.as_bytes());
            is.then(|| String::from_utf8_lossy(line[colon + 1..].trim_ascii()).into_owned())
        };
        self.lines.iter().skip(1).filter_map(value).collect::<Vec<_>>().join(", ")
    }

    /// The number of a status line; 0 of a request.
    fn status(&self) -> u16 {
        let digits = self.lines[0].strip_prefix(b"HTTP/1.").and_then(|it| it.get(2..5));
        digits.and_then(|it| std::str::from_utf8(it).ok()?.parse().ok()).unwrap_or(0)
    }

    /// RFC 9112 §6.3: of a request, whose body never goes on to the end.
    fn length(&self) -> Length {
        match (self.field("transfer-encoding"), self.field("content-length").parse()) {
            (coding, _) if coding.to_ascii_lowercase().ends_with("chunked") => Length::Chunked,
            (_, Ok(length)) => Length::Bytes(length),
            _ => Length::Bytes(0),
        }
    }

    /// RFC 9112 §6.3: some answers have no body whatever they say.
    fn length_of_answer(&self, asked: &Self) -> Length {
        let (status, said) = (self.status(), self.length());
        let is_head = asked.lines[0].starts_with(b"HEAD ");
        let is_open = asked.lines[0].starts_with(b"CONNECT ") && (200..300).contains(&status);
        let is_silent = said == Length::Bytes(0) && self.field("content-length").is_empty();
        match status {
            100..=199 | 204 | 304 => Length::Bytes(0),
            _ if is_head => Length::Bytes(0),
            _ if is_silent || is_open => Length::ToTheEnd,
            _ => said,
        }
    }

    fn message(&self, bytes: &[u8], length: Length) -> Option<Message> {
        let (head, from) = (self.range.clone(), self.range.end);
        let (end, content) = match length {
            Length::Bytes(0) => (from, Vec::new()),
            Length::Bytes(length) => {
                let end = from.checked_add(length).filter(|end| *end <= bytes.len())?;
                (end, iter::once(from..end).collect())
            }
            Length::Chunked => chunks(bytes, from)?,
            Length::ToTheEnd => (bytes.len(), iter::once(from..bytes.len()).collect()),
        };
        Some(Message { head, body: from..end, content })
    }
}

/// RFC 9112 §7.1: where a chunked body ends, and its chunks' data; `None` where it is cut or damaged.
fn chunks(bytes: &[u8], mut at: usize) -> Option<(usize, Vec<Range<usize>>)> {
    let mut content = Vec::new();
    loop {
        let line = line(bytes, at)?;
        let digits = line.split(|it| matches!(it, b';' | b'\r' | b'\n' | b' ')).next()?;
        let length = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        at += line.len();
        if length == 0 {
            break;
        }
        let end = at.checked_add(length)?;
        let next = end.checked_add(2).filter(|next| *next <= bytes.len())?;
        content.push(at..end);
        at = next;
    }
    // Trailers, and the empty line.
    loop {
        let line = line(bytes, at)?;
        at += line.len();
        if line.trim_ascii_end().is_empty() {
            return Some((at, content));
        }
    }
}

fn line(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let ahead = bytes.get(at..)?;
    let end = ahead.iter().position(|it| *it == b'\n')?;
    Some(&ahead[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPGRADE: &[u8] = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
    const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUPGRADE:  WebSocket\r\n\r\n";

    #[test]
    fn messages_follow_each_other_and_101_ends_http() {
        let client = [b"POST /a HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc".as_slice(), UPGRADE, b"frames"].concat();
        let answer = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=1\r\nbody\r\n0\r\nT: v\r\n\r\n";
        let server = [answer.as_slice(), SWITCH, b"more"].concat();
        let all = exchanges(&client, &server);
        assert_eq!((all.requests.len(), all.responses.len()), (2, 3));
        assert_eq!(&client[all.requests[0].content[0].clone()], b"abc");
        assert_eq!(&server[all.responses[1].content[0].clone()], b"body");
        let upgraded = all.upgraded.expect("it was");
        assert_eq!((upgraded.protocol.as_str(), &client[upgraded.from[0]..]), ("websocket", &b"frames"[..]));
        assert_eq!(&server[upgraded.from[1]..], b"more");
    }

    #[test]
    fn what_has_no_body_takes_none_and_what_has_no_length_takes_all() {
        let client = b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        let server =
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\n\r\nthe rest";
        let all = exchanges(client, server);
        assert_eq!(all.responses.iter().map(|it| it.body.len()).collect::<Vec<_>>(), [0, 0, 8]);
    }

    #[test]
    fn a_chunk_as_long_as_a_number_can_be_is_cut_short_and_not_read_for_ever() {
        let head = b"1c / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        // Where its data begins: 16 digits and a line's end behind the head.
        let from = head.len() + 18;
        for length in [usize::MAX, usize::MAX - from, usize::MAX - from - 1, usize::MAX - from - 2] {
            let client = [head.as_slice(), format!("{length:016x}\r\n").as_bytes()].concat();
            assert_eq!(exchanges(&client, b""), Exchanges::default(), "{length:x}");
        }
    }

    proptest::proptest! {
        #[test]
        fn damaged_streams_are_read_as_far_as_they_go(
            cut in 0_usize..200, damage: Vec<(usize, u8)>, more: Vec<u8>
        ) {
            let mut client = [b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n".as_slice(), UPGRADE, &more].concat();
            let mut server = [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab".as_slice(), SWITCH, &more].concat();
            client.truncate(cut);
            for (at, byte) in damage {
                let (client_length, server_length) = (client.len().max(1), server.len());
                if let Some(it) = client.get_mut(at % client_length) { *it = byte; }
                if let Some(it) = server.get_mut(at % server_length) { *it = byte; }
            }
            let all = exchanges(&client, &server);
            for (bytes, messages) in [(&client, &all.requests), (&server, &all.responses)] {
                let mut at = 0;
                for it in messages {
                    proptest::prop_assert!(it.head.start == at && it.head.end == it.body.start && it.body.end <= bytes.len());
                    proptest::prop_assert!(it.content.iter().all(|part| part.start >= it.body.start && part.end <= it.body.end));
                    at = it.body.end;
                }
            }
        }
    }
}
