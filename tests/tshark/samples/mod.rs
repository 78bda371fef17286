//! Captures that others made: those in the sources of tcpdump and of Wireshark, read by us and by tshark.
mod explained;
mod fields;
mod file;
mod get;
mod grpc;
mod marks;
mod reasons;

use std::path::{Path, PathBuf};

use super::pdml;
use file::Packet;
use roundtrip::wire::decode_on;

/// Of each capture so many packets are given to tshark, which takes its time.
const MOST_OF_ONE: usize = 150;

const SECOND_NS: u64 = 1_000_000_000;
const DAY_NS: u64 = 86_400 * SECOND_NS;

/// The captures of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("it was unpacked");
    let mut all: Vec<_> = entries.map(|it| it.expect("a folder can be read").path()).collect();
    all.retain(|it| [".pcap", ".cap", ".ntar"].iter().any(|end| it.to_string_lossy().contains(end)));
    all.sort();
    all
}

#[test]
fn every_byte_of_every_sample_is_explained() {
    let (mut files_read, mut packets_read, mut bytes_read) = (0, 0, 0);
    for folder in folders() {
        for (_, packets) in files(&folder).iter().map(|it| (it, file::read(it).0)).filter(|(_, it)| !it.is_empty()) {
            files_read += 1;
            for packet in packets {
                let decoded = decode_on(packet.link, &packet.bytes);
                let explained = explained::explained(&decoded, packet.bytes.len());
                assert_eq!(explained, Ok(()), "{}: {}", packet.place, decoded.summary);
                packets_read += 1;
                bytes_read += packet.bytes.len();
            }
        }
    }
    println!("{bytes_read} bytes of {packets_read} packets in {files_read} captures are explained");
    assert!(files_read > 700 && packets_read > 20_000, "{files_read} captures, {packets_read} packets");
}

#[test]
fn tshark_has_the_same_fields_and_marks_in_the_samples_of_tcpdump() {
    let [tcpdump, _] = folders();
    compare(&tcpdump, 300);
}

#[test]
fn tshark_has_the_same_fields_and_marks_in_the_samples_of_wireshark() {
    let [_, wireshark] = folders();
    compare(&wireshark, 60);
}

/// tcpdump's and Wireshark's.
fn folders() -> [PathBuf; 2] {
    let [tcpdump, wireshark] = get::folders();
    [tcpdump.clone(), wireshark.join("captures")]
}

/// The packets of at least so many captures.
fn compare(folder: &Path, at_least: usize) {
    let (mut all, mut captures): (Vec<Packet>, usize) = (Vec::new(), 0);
    for file in files(folder) {
        let packets = file::read(&file).0.into_iter().filter(|it| it.link.is_read()).take(MOST_OF_ONE);
        let before = all.len();
        all.extend(packets);
        follow(&mut all, before);
        captures += usize::from(all.len() > before);
    }
    assert!(captures >= at_least, "only {captures} captures");
    let dissected = pdml::dissect(&file::pcapng(&all));
    assert_eq!(dissected.len(), all.len());
    let mut tally = fields::Compared::default();
    tally.fields(&all, &dissected);
    tally.marks(&all, &dissected);
    println!("{captures} captures, {} packets: {tally}", all.len());
    tally.assert_enough();
}

/// Moves the packets from there on in time, behind those before them: captures of many years become one.
fn follow(all: &mut [Packet], from: usize) {
    let (before, added) = all.split_at_mut(from);
    let end = before.iter().map(|it| it.at_ns).max().unwrap_or_default() + SECOND_NS;
    let begin = added.iter().map(|it| it.at_ns).min().unwrap_or_default();
    // Some were made with impossible times.
    added.iter_mut().for_each(|it| it.at_ns = (it.at_ns - begin).min(DAY_NS) + end);
}
