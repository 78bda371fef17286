//! Why a connection ended, and on whose word.
use super::capture::Capture;
use super::chance::Chance;
use super::handshake;
use super::{Choice, Exercise, Form, Lacks};

/// How a connection may end, by who begins it: told first, then why that is seen.
const ENDS: [(&str, &str); 4] = [
    ("The client had nothing more to send: FIN", "the client sends the first FIN"),
    ("The server had nothing more to send: FIN", "the server sends the first FIN"),
    ("The client broke it off: RST", "the client sends a RST, and no FIN came before it"),
    ("The server broke it off: RST", "the server sends a RST, and no FIN came before it"),
];
const OPEN: &str = "It has not ended in this capture";

/// Why the first connection that was agreed to ended.
pub(super) fn make(capture: &Capture<'_>, _: &mut Chance) -> Result<Exercise, Lacks> {
    let opening = handshake::first(capture)?;
    let segments = capture.segments(opening.flow);
    let end = segments.iter().find(|it| it.segment.flags.fin || it.segment.flags.rst);
    let right = end.map(|it| usize::from(it.is_of_server()) + 2 * usize::from(it.segment.flags.rst));
    let packet = end.or(segments.last()).map_or(opening.syn_ack.n, |it| it.n);
    let last = segments.iter().filter(|it| it.segment.flags.fin || it.segment.flags.rst).map(|it| it.n).max();
    let seen = end.map(|it| {
        format!(
            "packet {} is the first with FIN or RST: {} [{}]",
            it.n,
            super::capture::way(it.is_of_server()),
            it.segment.flags
        )
    });
    let seen = seen.unwrap_or_else(|| "no packet of it has FIN or RST".to_owned());
    let option = |(at, (text, sign)): (usize, &(&str, &str))| {
        let correct = right == Some(at);
        let why = match (correct, right) {
            (true, _) => format!("Here {sign}: {seen}."),
            (false, Some(right)) if right % 2 == at % 2 => {
                format!("It would be so if {sign}; the side is right, the flag is not: {seen}.")
            }
            (false, _) => format!("It would be so if {sign}; but {seen}."),
        };
        Choice { text: (*text).to_owned(), correct, why }
    };
    let mut options: Vec<Choice> = ENDS.iter().enumerate().map(option).collect();
    let why = if right.is_none() { format!("Right: {seen}.") } else { format!("It has: {seen}.") };
    options.push(Choice { text: OPEN.to_owned(), correct: right.is_none(), why });
    let client = opening.flow.client;
    let explanation = format!(
        "The connection from port {} of {}: {seen}{}. FIN says that this side sends no more (RFC 9293 §3.6): the other may go \
         on. RST takes back both directions at once, and what had not been read is lost.",
        client.1,
        client.0,
        last.filter(|it| *it != packet).map_or(String::new(), |it| format!(", and packet {it} the last"))
    );
    Ok(Exercise { prompt: String::new(), form: Form::Choose(options), explanation, packet })
}
