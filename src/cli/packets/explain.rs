//! `explain FILE --packet N`: every field of a packet, with its bytes, what it says, why, and where that is written.
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{ended, opened};
use crate::cli::Misuse;
use crate::cli::streams::{tell as complain, write};
use crate::quantity::seconds;
use crate::recording::json;
use crate::tui::capture::Opened;
use crate::wire::capture::ends;
use crate::wire::capture::study::Studied;
use crate::wire::text::{hex_start, visible};
use crate::wire::{Decoded, Field};

/// The most bytes of a field that stand in its line.
const MOST_BYTES: usize = 16;

/// What stands in the JSON.
pub(super) const SHAPE: &str = "\
{\"number\", \"at_ns\", \"since_first_ns\", \"source\", \"destination\", \"protocol\", \"length\", \"info\", \"comment\", \"marks\": [{\"label\", \"why\"}], \
\"frame\": {..}, \"opened\": [{\"title\", \"packets\": [..], ..}]}

frame and opened have {bytes, layers, problems}: bytes in hexadecimal; a layer is {name, title, bytes, fields}, a field {name, label, bits, value, meaning, \
why, source, parts}, a problem {bytes, text}. Ranges are [from, behind], counted from 0.";

/// `explain`
#[derive(Args, Debug)]
pub(in crate::cli) struct Explain {
    /// A capture, pcap or pcapng, also compressed with gzip; `-` is standard input
    file: PathBuf,
    /// The packet's number, as `roundtrip packets` lists it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    packet: u32,
    /// As JSON
    #[arg(long, long_help = format!("As JSON: {SHAPE}"))]
    json: bool,
    /// Open TLS and QUIC with the keys of that file, as SSLKEYLOGFILE has them; those in the capture are used without it
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

#[derive(Serialize)]
struct Explained {
    number: u32,
    at_ns: Option<u64>,
    since_first_ns: Option<i128>,
    source: String,
    destination: String,
    protocol: String,
    length: u32,
    info: String,
    comment: Option<String>,
    marks: Vec<Told>,
    frame: Read,
    opened: Vec<Inside>,
}

#[derive(Serialize)]
struct Told {
    label: String,
    why: &'static str,
}

#[derive(Serialize)]
struct Inside {
    title: String,
    packets: Vec<u32>,
    #[serde(flatten)]
    read: Read,
}

/// Bytes and what they are.
#[derive(Serialize)]
struct Read {
    bytes: String,
    layers: Vec<Part>,
    problems: Vec<Trouble>,
}

#[derive(Serialize)]
struct Part {
    name: &'static str,
    title: String,
    bytes: [usize; 2],
    fields: Vec<Value>,
}

#[derive(Serialize)]
struct Value {
    name: &'static str,
    label: String,
    bits: [usize; 2],
    value: String,
    meaning: String,
    why: String,
    source: &'static str,
    parts: Vec<Self>,
}

#[derive(Serialize)]
struct Trouble {
    bytes: [usize; 2],
    text: String,
}

/// Explains the packet; exit code 3 when the capture is damaged.
pub(in crate::cli) fn explain(wish: &Explain) -> anyhow::Result<ExitCode> {
    let Opened { study, fault, .. } = opened(&wish.file, wish.keys.as_deref())?;
    let Some(packet) = study.packet(wish.packet) else {
        let text =
            format!("--packet: there is no packet {}; {} holds {}", wish.packet, wish.file.display(), study.count());
        // Where the capture is cut short, that is why.
        return if fault.is_some() { tell_lacking(&text, fault) } else { Err(Misuse(text).into()) };
    };
    let text = if wish.json {
        json::pretty(&explained(&packet))?
    } else {
        let mut text = String::new();
        tell(&mut text, &packet, study.count()).expect("a String takes all text");
        text
    };
    write(text.as_bytes())?;
    Ok(ended(fault))
}

fn tell_lacking(text: &str, fault: Option<String>) -> anyhow::Result<ExitCode> {
    complain(&format!("roundtrip: {text}"));
    Ok(ended(fault))
}

fn explained(it: &Studied<'_>) -> Explained {
    let [source, destination] = ends(&it.decoded);
    let inside = it.units().map(|unit| Inside {
        title: visible(&unit.title),
        packets: unit.packets.clone(),
        read: read(&unit.decoded, &unit.bytes),
    });
    Explained {
        number: it.number,
        at_ns: it.held.at_ns,
        since_first_ns: it.since_first_ns(),
        source,
        destination,
        protocol: it.protocol(),
        length: it.held.length,
        info: visible(it.line()),
        comment: it.held.comment.as_deref().map(visible),
        marks: it.marks().map(|mark| Told { label: mark.label(), why: mark.why() }).collect(),
        frame: read(&it.decoded, &it.held.bytes),
        opened: inside.collect(),
    }
}

fn read(decoded: &Decoded, bytes: &[u8]) -> Read {
    let pair = |range: &Range<usize>| [range.start, range.end];
    let layers = decoded.layers.iter().map(|layer| Part {
        name: layer.name,
        title: visible(&layer.title),
        bytes: pair(&layer.bytes),
        fields: layer.fields.iter().map(value).collect(),
    });
    Read {
        bytes: data_encoding::HEXLOWER.encode(bytes),
        layers: layers.collect(),
        problems: decoded
            .problems
            .iter()
            .map(|it| Trouble { bytes: pair(&it.bytes), text: visible(&it.text) })
            .collect(),
    }
}

fn value(field: &Field) -> Value {
    Value {
        name: field.name,
        label: visible(&field.label),
        bits: [field.bits.start, field.bits.end],
        value: visible(&field.value),
        meaning: visible(&field.meaning),
        why: visible(&field.why),
        source: field.source,
        parts: field.parts.iter().map(value).collect(),
    }
}

fn tell(out: &mut String, it: &Studied<'_>, count: usize) -> fmt::Result {
    let captured = it.held.bytes.len();
    let cut = if captured == it.held.length as usize {
        String::new()
    } else {
        format!(", {captured} of them in the capture")
    };
    let time = match it.since_first_ns() {
        Some(ns) => format!("{} s after the first", seconds(ns, 9)),
        None => "at a time that is not in the capture".to_owned(),
    };
    writeln!(out, "Packet {} of {count}: {} bytes{cut}, {time}", it.number, it.held.length)?;
    writeln!(out, "{}", visible(it.line()))?;
    if let Some(comment) = &it.held.comment {
        writeln!(out, "Comment: {}", visible(comment))?;
    }
    for mark in it.marks() {
        writeln!(out, "{}: {}", mark.label(), mark.why())?;
    }
    let window = it.decoded.field("tcp.window_size_value").and_then(|it| it.value.parse().ok());
    if let Some(said) = it.segment().and_then(|it| it.scale).zip(window).and_then(|(scale, window)| scale.said(window))
    {
        writeln!(out, "Window: {said}")?;
    }
    layers(out, &it.decoded, &it.held.bytes)?;
    for unit in it.units() {
        let numbers: Vec<String> = unit.packets.iter().map(ToString::to_string).collect();
        let packets = if numbers.len() == 1 { "packet" } else { "packets" };
        writeln!(
            out,
            "\n{}: {} bytes that came in {packets} {}",
            visible(&unit.title),
            unit.bytes.len(),
            numbers.join(", ")
        )?;
        layers(out, &unit.decoded, &unit.bytes)?;
    }
    Ok(())
}

fn layers(out: &mut String, decoded: &Decoded, bytes: &[u8]) -> fmt::Result {
    for layer in &decoded.layers {
        writeln!(out, "\n{}, {}", visible(&layer.title), place(&(layer.bytes.start * 8..layer.bytes.end * 8)))?;
        layer.fields.iter().try_for_each(|it| field(out, it, bytes, 1))?;
    }
    for problem in &decoded.problems {
        let bits = problem.bytes.start * 8..problem.bytes.end * 8;
        writeln!(out, "\nPROBLEM, {}: {}", place(&bits), visible(&problem.text))?;
    }
    Ok(())
}

/// A field and its parts: what it says, and under that its bytes, why it is there and where that is written.
fn field(out: &mut String, it: &Field, bytes: &[u8], depth: usize) -> fmt::Result {
    let indent = "  ".repeat(depth);
    let meaning = if it.meaning.is_empty() { String::new() } else { format!(" ({})", visible(&it.meaning)) };
    writeln!(out, "{indent}{} [{}]: {}{meaning}", visible(&it.label), it.name, visible(it.says()))?;
    let raw = bytes.get(it.bytes()).unwrap_or_default();
    writeln!(out, "{indent}    {}: {}", place(&it.bits), hex_start(raw, MOST_BYTES))?;
    let source = if it.source.is_empty() { String::new() } else { format!(" [{}]", it.source) };
    writeln!(out, "{indent}    {}{source}", visible(&it.why))?;
    it.parts.iter().try_for_each(|part| field(out, part, bytes, depth + 1))
}

/// `bytes 0 to 5`, `bits 0 to 3 of byte 14`.
fn place(bits: &Range<usize>) -> String {
    let (first, last) = (bits.start / 8, bits.end.saturating_sub(1) / 8);
    let whole = bits.start.is_multiple_of(8) && bits.end.is_multiple_of(8);
    match (whole, first == last) {
        _ if bits.is_empty() => format!("no bytes, at {first}"),
        (true, true) => format!("byte {first}"),
        (true, false) => format!("bytes {first} to {last}"),
        (false, true) if bits.len() == 1 => format!("bit {} of byte {first}", bits.start % 8),
        (false, true) => format!("bits {} to {} of byte {first}", bits.start % 8, (bits.end - 1) % 8),
        (false, false) => {
            format!("bit {} of byte {first} to bit {} of byte {last}", bits.start % 8, (bits.end - 1) % 8)
        }
    }
}
