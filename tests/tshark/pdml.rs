//! Runs tshark and reads what it prints.
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::ops::Range;
use std::process::{Command, Output};

/// A packet as tshark sees it.
#[derive(Debug, Default)]
pub(crate) struct Dissected {
    pub(crate) protocols: Vec<String>,
    pub(crate) fields: Vec<Shown>,
    /// What tshark holds against the packet, in its words.
    pub(crate) malformed: Vec<String>,
}

/// A field as tshark shows it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) bytes: Range<usize>,
    pub(crate) show: String,
    /// The bytes in hexadecimal.
    pub(crate) value: String,
}

/// Every packet for itself, as ours are read: nothing is put together across packets.
pub(crate) fn dissect(file: &[u8]) -> Vec<Dissected> {
    let alone = [
        "tcp.desegment_tcp_streams:FALSE",
        "http.desegment_headers:FALSE",
        "http.desegment_body:FALSE",
        "ip.defragment:FALSE",
        "ipv6.defragment:FALSE",
        // Extensions are looked for behind every quotation, as long as the packet was that it is of.
        "icmp.favor_icmp_mpls:TRUE",
        "tcp.relative_sequence_numbers:TRUE",
    ];
    run_on(file, &alone)
}

/// Read twice, so that a question knows of its answer.
pub(crate) fn dissect_twice(file: &[u8]) -> Vec<Dissected> {
    read_with(file, &["-2", "-n"], &[])
}

/// With streams put together, as a person would open the file.
pub(crate) fn dissect_reassembled(file: &[u8]) -> Vec<Dissected> {
    run_on(file, &[])
}

/// With streams put together, and what a port carries told: `tcp.port==50051,http2`.
pub(crate) fn dissect_as(file: &[u8], told: &str) -> Vec<Dissected> {
    // What a card was left to sum is wrong in a capture of its own machine, and would not be put together.
    read_with(file, &["-n", "-d", told], &["tcp.check_checksum:FALSE"])
}

/// The same, what came late put where it belongs: unless it is asked to, tshark leaves out what lies behind a gap.
pub(crate) fn dissect_in_order(file: &[u8]) -> Vec<Dissected> {
    run_on(file, &["tcp.reassemble_out_of_order:TRUE"])
}

/// The names of all fields tshark knows.
pub(crate) fn known_fields() -> BTreeSet<String> {
    let output = tshark(&["-G", "fields"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let fields = text.lines().filter(|line| line.starts_with("F\t"));
    fields.filter_map(|line| line.split('\t').nth(2)).map(str::to_owned).collect()
}

/// The types of all fields tshark knows, by name; some have several.
pub(crate) fn kinds_of_fields() -> BTreeMap<String, BTreeSet<String>> {
    let output = tshark(&["-G", "fields"]);
    let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.starts_with("F\t")) {
        if let [_, _, name, kind, ..] = line.split('\t').collect::<Vec<_>>()[..] {
            kinds.entry(name.to_owned()).or_default().insert(kind.to_owned());
        }
    }
    kinds
}

fn run_on(file: &[u8], settings: &[&str]) -> Vec<Dissected> {
    read_with(file, &["-n"], settings)
}

fn read_with(file: &[u8], options: &[&str], settings: &[&str]) -> Vec<Dissected> {
    let mut on_disk = tempfile::NamedTempFile::new().expect("a temporary file");
    on_disk.write_all(file).expect("room on the disk");
    let path = on_disk.path().to_str().expect("a path in UTF-8");
    let checks = ["ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE"];
    let mut arguments = [options, &["-r", path, "-T", "pdml"]].concat();
    for setting in checks.iter().chain(settings) {
        arguments.extend(["-o", setting]);
    }
    let output = tshark(&arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tshark could not read the capture: {errors}");
    read(&String::from_utf8_lossy(&output.stdout))
}

fn tshark(arguments: &[&str]) -> Output {
    Command::new("tshark").args(arguments).output().unwrap_or_else(|error| {
        panic!(
            "tshark does not start ({error}). These tests compare Roundtrip with Wireshark and need it:\n  \
             Debian, Ubuntu: sudo apt-get install tshark\n  Fedora: sudo dnf install wireshark-cli\n  \
             macOS: brew install wireshark"
        )
    })
}

/// PDML has one element a line.
fn read(pdml: &str) -> Vec<Dissected> {
    let mut packets = Vec::new();
    for line in pdml.lines().map(str::trim_start) {
        if line.starts_with("<packet>") {
            packets.push(Dissected::default());
        }
        let Some(packet) = packets.last_mut() else { continue };
        if line.starts_with("<proto ") {
            packet.protocols.push(attribute(line, "name"));
        }
        if line.starts_with("<proto name=\"_ws.") && !line.contains("hide=\"yes\"") {
            packet.malformed.push(attribute(line, "showname"));
        }
        if line.starts_with("<field ") || line.starts_with("<proto ") {
            let number = |name| attribute(line, name).parse().unwrap_or(0);
            let (at, size): (usize, usize) = (number("pos"), number("size"));
            let [name, show, value] = ["name", "show", "value"].map(|it| attribute(line, it));
            packet.fields.push(Shown { name, bytes: at..at + size, show, value });
        }
    }
    packets
}

fn attribute(line: &str, name: &str) -> String {
    let start = format!(" {name}=\"");
    let Some((_, rest)) = line.split_once(&start) else { return String::new() };
    let value = rest.split('"').next().unwrap_or_default();
    let plain = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#x27;", "'");
    plain.replace("&amp;", "&")
}
