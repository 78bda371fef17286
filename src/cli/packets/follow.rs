//! `packets FILE --follow tcp:N`: what the two ends of a connection said.
use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::Serialize;

use super::since as told_since;
use crate::cli::Misuse;
use crate::quantity::counted;
use crate::recording::json;
use crate::wire::capture::study::Study;
use crate::wire::capture::talk::{Inside, Said, Talk};
use crate::wire::text::{hex_rows, is_text, visible};

/// What stands in the JSON.
pub(super) const SHAPE: &str = "\
{\"client\", \"server\", \"said\": [{\"from\", \"packet\", \"since_first_ns\", \"missing\", \"bytes\"}]}

from is client or server, packet that with which the bytes could be read, missing how many before them are not in the capture; bytes are hexadecimal.";

/// Which connection, and what of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Which {
    inside: Inside,
    stream: usize,
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (protocol, number) = text.split_once([':', ',']).unwrap_or(("tcp", text));
        let inside = match protocol {
            "tcp" => Inside::Tcp,
            "tls" => Inside::Tls,
            _ => return Err("followed are tcp:N, the bytes of TCP, and tls:N, what was said inside TLS".to_owned()),
        };
        let stream = number.parse().map_err(|_| "N is the connection's number, from 0, as tcp.stream has it")?;
        Ok(Self { inside, stream })
    }
}

#[derive(Serialize)]
struct Told {
    client: String,
    server: String,
    said: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    from: &'static str,
    packet: u32,
    since_first_ns: Option<i128>,
    missing: u32,
    bytes: String,
}

/// The connection as text or JSON.
pub(super) fn told(study: &Study, which: Which, as_json: bool) -> anyhow::Result<String> {
    let talk = study.follow(which.stream, which.inside);
    let talk = talk.map_err(|silence| Misuse(format!("--follow: {silence}")))?;
    let since = |packet: u32| study.since_first_ns(packet);
    if as_json {
        let part = |it: &Said| Part {
            from: if it.from_server { "server" } else { "client" },
            packet: it.packet,
            since_first_ns: since(it.packet),
            missing: it.missing,
            bytes: data_encoding::HEXLOWER.encode(&it.bytes),
        };
        let [client, server] = ends(&talk);
        return Ok(json::pretty(&Told { client, server, said: talk.said.iter().map(part).collect() })?);
    }
    let mut text = String::new();
    tell(&mut text, &talk, since).expect("a String takes all text");
    Ok(text)
}

fn ends(talk: &Talk) -> [String; 2] {
    [talk.client, talk.server].map(|(address, port)| std::net::SocketAddr::new(address, port).to_string())
}

fn tell(out: &mut String, talk: &Talk, since: impl Fn(u32) -> Option<i128>) -> fmt::Result {
    let [client, server] = ends(talk);
    let of = |server: bool| talk.said.iter().filter(|it| it.from_server == server).map(|it| it.bytes.len()).sum();
    let [there, back]: [usize; 2] = [false, true].map(of);
    writeln!(out, "client {client}: {}", counted(there, "byte"))?;
    writeln!(out, "server {server}: {}", counted(back, "byte"))?;
    for turn in talk.turns() {
        writeln!(out)?;
        turn.lacks().map_or(Ok(()), |it| writeln!(out, "{it}"))?;
        if turn.bytes.is_empty() {
            continue;
        }
        let at = told_since(since(turn.packets.0));
        writeln!(out, "{}, {}, from {at} s: {}", turn.who(), turn.came_in(), counted(turn.bytes.len(), "byte"))?;
        bytes(out, &turn.bytes)?;
    }
    Ok(())
}

/// Text line by line; what is no text in rows of hexadecimal.
fn bytes(out: &mut String, bytes: &[u8]) -> fmt::Result {
    match str::from_utf8(bytes).ok().filter(|text| is_text(text)) {
        Some(text) => text.lines().try_for_each(|line| match line {
            "" => writeln!(out),
            line => writeln!(out, "    {}", visible(line)),
        }),
        None => hex_rows(bytes).try_for_each(|row| writeln!(out, "    {row}")),
    }
}
