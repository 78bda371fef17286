//! HTTP/1.1: a start line, header fields, an empty line, all readable. RFC 9112.
use super::reader::{Reader, Words};
use super::text::visible_start;
use super::walk::{Facts, Next};

const REQUEST: Words = Words::new(
    "http.request.line",
    "Request line",
    "RFC 9112 §3",
    "What the client wants done, to which resource, in which version.",
);
const METHOD: Words = Words::new(
    "http.request.method",
    "Method",
    "RFC 9110 §9",
    "What to do; GET only reads, so it may be repeated and cached.",
);
const TARGET: Words = Words::new(
    "http.request.uri",
    "Request target",
    "RFC 9112 §3.2",
    "Which resource; the host stands in the Host field.",
);
const REQUEST_VERSION: Words = Words::new(
    "http.request.version",
    "Version",
    "RFC 9112 §2.3",
    "The client can read 1.1: persistent connections and chunked bodies.",
);
const STATUS: Words = Words::new(
    "http.response.line",
    "Status line",
    "RFC 9112 §4",
    "How it went: a number for programs, words for people.",
);
const RESPONSE_VERSION: Words =
    Words::new("http.response.version", "Version", "RFC 9112 §2.3", "The version the server speaks.");
const CODE: Words = Words::new(
    "http.response.code",
    "Status code",
    "RFC 9110 §15",
    "Its first digit is the class: 2 success, 3 look elsewhere, 4 the client's mistake, 5 the server's.",
);
const PHRASE: Words =
    Words::new("http.response.phrase", "Reason phrase", "RFC 9112 §4", "For people only; programs must not read it.");
const SPACE: Words =
    Words::new("http.space", "Space", "RFC 9112 §3", "One space between the parts, so that they can be told apart.");
const LINE_END: Words = Words::new("http.crlf", "End of line", "RFC 9112 §2.1", "CR LF ends each line of the head.");
const HEAD_END: Words = Words::new(
    "http.head_end",
    "Empty line",
    "RFC 9112 §2.1",
    "Says that the header fields are over and the body, if any, begins.",
);
const BAD_LINE: Words = Words::new(
    "http.bad_header_name",
    "Unreadable line",
    "RFC 9112 §5",
    "A header field is a name, a colon and a value.",
);
const FIELD: Words = Words::new(
    "http.unknown_header",
    "Header field",
    "RFC 9112 §5",
    "A fact about the message; what nobody knows is passed on.",
);

/// The header fields this program has words for, by their names in lower case.
const FIELDS: &[(&str, Words)] = &[
    ("accept", Words::new("http.accept", "Accept", "RFC 9110 §12.5.1", "The media types the client can use.")),
    (
        "accept-encoding",
        Words::new(
            "http.accept_encoding",
            "Accept-Encoding",
            "RFC 9110 §12.5.3",
            "The compressions the client can undo.",
        ),
    ),
    (
        "cache-control",
        Words::new(
            "http.cache_control",
            "Cache-Control",
            "RFC 9111 §5.2",
            "What caches on the way may keep, and how long.",
        ),
    ),
    (
        "connection",
        Words::new(
            "http.connection",
            "Connection",
            "RFC 9110 §7.6.1",
            "Whether the connection stays open after this message.",
        ),
    ),
    (
        "content-encoding",
        Words::new("http.content_encoding", "Content-Encoding", "RFC 9110 §8.4", "How the body is compressed."),
    ),
    (
        "content-length",
        Words::new(
            "http.content_length_header",
            "Content-Length",
            "RFC 9110 §8.6",
            "How many bytes the body has: where this message ends and the next begins.",
        ),
    ),
    ("content-type", Words::new("http.content_type", "Content-Type", "RFC 9110 §8.3", "What the body's bytes are.")),
    (
        "content-security-policy",
        Words::new(
            "http.content_security_policy",
            "Content-Security-Policy",
            "CSP3 §3.1",
            "Where a page may load scripts, frames and the rest from, and who may frame it: the browser refuses what it does not name.",
        ),
    ),
    ("cookie", Words::new("http.cookie", "Cookie", "RFC 6265 §5.4", "What the server asked the client to bring back.")),
    ("date", Words::new("http.date", "Date", "RFC 9110 §6.6.1", "When the message was made.")),
    (
        "host",
        Words::new(
            "http.host",
            "Host",
            "RFC 9110 §7.2",
            "Which of the sites at this address is meant; a 1.1 request must have it.",
        ),
    ),
    (
        "last-modified",
        Words::new(
            "http.last_modified",
            "Last-Modified",
            "RFC 9110 §8.8.2",
            "When the resource last changed, for a later conditional request.",
        ),
    ),
    ("location", Words::new("http.location", "Location", "RFC 9110 §10.2.2", "Where to look instead.")),
    (
        "origin",
        Words::new(
            "http.origin",
            "Origin",
            "RFC 6454 §7",
            "The origin of the page a request comes from; a server that acts on requests of browsers checks it.",
        ),
    ),
    ("referer", Words::new("http.referer", "Referer", "RFC 9110 §10.1.3", "The page the request came from.")),
    (
        "referrer-policy",
        Words::new(
            "http.referrer_policy",
            "Referrer-Policy",
            "Referrer Policy §4.1",
            "How much of a page's address its requests may tell in Referer.",
        ),
    ),
    (
        "sec-websocket-accept",
        Words::new(
            "http.sec_websocket_accept",
            "Sec-WebSocket-Accept",
            "RFC 6455 §4.2.2",
            "Made of the client's key and a constant: only a server that knows WebSocket answers so, no cache and no form handler.",
        ),
    ),
    (
        "sec-websocket-extensions",
        Words::new(
            "http.sec_websocket_extensions",
            "Sec-WebSocket-Extensions",
            "RFC 6455 §9.1",
            "Extensions offered, or agreed on: permessage-deflate compresses messages (RFC 7692).",
        ),
    ),
    (
        "sec-websocket-key",
        Words::new(
            "http.sec_websocket_key",
            "Sec-WebSocket-Key",
            "RFC 6455 §4.1",
            "16 random bytes in base 64. No secret: the answer shows that they were read.",
        ),
    ),
    (
        "sec-websocket-protocol",
        Words::new(
            "http.sec_websocket_protocol",
            "Sec-WebSocket-Protocol",
            "RFC 6455 §1.9",
            "What the messages are to mean: offered by the client, one chosen by the server.",
        ),
    ),
    (
        "sec-websocket-version",
        Words::new(
            "http.sec_websocket_version",
            "Sec-WebSocket-Version",
            "RFC 6455 §4.1",
            "13 is the only one in use; a server that wants another answers 426.",
        ),
    ),
    ("server", Words::new("http.server", "Server", "RFC 9110 §10.2.4", "The server's software.")),
    (
        "set-cookie",
        Words::new(
            "http.set_cookie",
            "Set-Cookie",
            "RFC 6265 §5.2",
            "What the client shall bring back with its next requests.",
        ),
    ),
    (
        "strict-transport-security",
        Words::new(
            "http.strict_transport_security",
            "Strict-Transport-Security",
            "RFC 6797 §6.1",
            "For so many seconds the browser comes to this host over https only; believed only when it came so.",
        ),
    ),
    (
        "transfer-encoding",
        Words::new(
            "http.transfer_encoding",
            "Transfer-Encoding",
            "RFC 9112 §6.1",
            "How the body is framed: chunked, when its length is not known at the start.",
        ),
    ),
    (
        "upgrade",
        Words::new(
            "http.upgrade",
            "Upgrade",
            "RFC 9110 §7.8",
            "The protocol to go on with on this connection; the server agrees with 101.",
        ),
    ),
    ("user-agent", Words::new("http.user_agent", "User-Agent", "RFC 9110 §10.1.5", "The client's software.")),
    (
        "x-content-type-options",
        Words::new(
            "http.x_content_type_options",
            "X-Content-Type-Options",
            "Fetch, X-Content-Type-Options header",
            "nosniff: the browser takes the body for what Content-Type says, and runs no script that is not called one.",
        ),
    ),
];

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// More lines than this are not taken apart.
const MOST_LINES: usize = 200;

/// Whether the data of a segment begins a message.
pub(super) fn begins(data: &[u8]) -> bool {
    let method = |name: &&str| data.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b" "));
    data.starts_with(b"HTTP/1.") || METHODS.iter().any(method)
}

/// Reads the head; the body, if one begins here, comes next.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let Some(first) = line(r.ahead()) else {
        return Some(Next::Data("a message whose first line goes on in the next segment"));
    };
    let text = visible_start(first.trim_ascii_end(), 120);
    let start = if first.starts_with(b"HTTP/") { read_status(r, first) } else { read_request(r, first) };
    let Some(()) = start else {
        let here = r.position();
        r.problem(here..here, format_args!("not a start line of HTTP/1.1: {text}"));
        return Some(Next::Data("the rest of an unreadable start line"));
    };
    // `HTTP/1.1 200 OK` names the protocol itself.
    facts.summary = format!("HTTP {}", text.strip_prefix("HTTP/1.1 ").unwrap_or(&text));
    for _ in 0..MOST_LINES {
        let Some(line) = line(r.ahead()) else {
            return Some(Next::Data("a head that goes on in the next segment"));
        };
        if line == b"\r\n" || line == b"\n" {
            r.text(&HEAD_END, line.len());
            return Some(Next::Data("the body"));
        }
        read_field(r, line);
    }
    Some(Next::Data("header fields that are not taken apart: there are too many"))
}

/// The next line with its end; `None` when the segment ends before it does.
fn line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some(&bytes[..=end])
}

/// RFC 9112 §3: `request-line = method SP request-target SP HTTP-version`.
fn read_request(r: &mut Reader<'_>, line: &[u8]) -> Option<()> {
    let mut parts = line.trim_ascii_end().splitn(3, |byte| *byte == b' ').map(<[u8]>::len);
    let (method, target, version) = (parts.next()?, parts.next()?, parts.next()?);
    let end = line.len() - (method + target + version + 2);
    if target == 0 || version == 0 {
        return None;
    }
    r.group(&REQUEST, |r| {
        r.text(&METHOD, method)?;
        r.text(&SPACE, 1)?;
        r.text(&TARGET, target)?;
        r.text(&SPACE, 1)?;
        r.text(&REQUEST_VERSION, version)?;
        r.text(&LINE_END, end)
    })?;
    r.says(visible_start(line.trim_ascii_end(), 120));
    Some(())
}

/// RFC 9112 §4: `status-line = HTTP-version SP status-code SP [ reason-phrase ]`.
fn read_status(r: &mut Reader<'_>, line: &[u8]) -> Option<()> {
    let content = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n"))?;
    let mut parts = content.splitn(3, |byte| *byte == b' ').map(<[u8]>::len);
    let (version, code, phrase) = (parts.next()?, parts.next()?, parts.next());
    let end = line.len() - content.len();
    if code == 0 {
        return None;
    }
    r.group(&STATUS, |r| {
        r.text(&RESPONSE_VERSION, version)?;
        r.text(&SPACE, 1)?;
        let digits = r.text(&CODE, code)?;
        r.means(code_class(digits));
        if let Some(phrase) = phrase {
            r.text(&SPACE, 1)?;
            if phrase > 0 {
                r.text(&PHRASE, phrase)?;
            }
        }
        r.text(&LINE_END, end)
    })?;
    r.says(visible_start(content, 120));
    Some(())
}

fn read_field(r: &mut Reader<'_>, line: &[u8]) {
    let Some(colon) = line.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0) else {
        r.text(&BAD_LINE, line.len());
        r.problem_back(line.len(), "a line of the head is no header field");
        return;
    };
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let known = FIELDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    r.text(known.map_or(&FIELD, |(_, words)| words), line.len());
    r.says(visible_start(value, 256));
    r.labelled(visible_start(name, 64));
}

const fn code_class(digits: &[u8]) -> &'static str {
    match digits.first() {
        Some(b'1') => "for now, the answer follows",
        Some(b'2') => "success",
        Some(b'3') => "look elsewhere, or use what you have",
        Some(b'4') => "the client's mistake",
        Some(b'5') => "the server's mistake",
        _ => "not a class of RFC 9110",
    }
}
