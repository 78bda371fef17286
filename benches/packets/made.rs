//! The file: runs of the lab, over and over, each time between other addresses, many at once.
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use roundtrip::demos::{self, Knobs, Setup};
use roundtrip::recording::vantage;

/// What is mixed: DNS, TLS handshakes, pages over TLS, a transfer with loss, each with the share of its knobs.
const RUNS: [(&str, &[(&str, &str)]); 5] = [
    ("dns-trace", &[]),
    ("tls-handshake", &[]),
    ("http-versions", &[("version", "1.1"), ("resources", "40"), ("size", "15000 B")]),
    ("http-versions", &[("version", "2"), ("resources", "60"), ("size", "20000 B"), ("loss", "1 %")]),
    ("congestion-window", &[]),
];
/// So many copies of the mixture are under way at the same time.
const AT_ONCE: u64 = 8;
/// 2026-01-01: a capture has a date.
const BEGAN_NS: u64 = 1_767_225_600_000_000_000;
const SNAPLEN: u32 = 262_144;

/// Writes `count` packets as pcap with nanoseconds; how many bytes that are.
pub(super) fn write(path: &Path, count: usize) -> io::Result<u64> {
    let unit = unit();
    let length = unit.last().map_or(1, |(at, _)| at / AT_ONCE + 1);
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    let mut bytes = 24;
    for word in [0xa1b2_3c4d, 0x0004_0002, 0, 0, SNAPLEN, 1] {
        file.write_all(&u32::to_le_bytes(word))?;
    }
    let copies = count.div_ceil(unit.len()) as u64;
    // The next packet of each copy, the earliest first.
    let mut next: BinaryHeap<Reverse<(u64, u64, usize)>> =
        (0..copies).map(|it| Reverse((it * length, it, 0))).collect();
    for _ in 0..count {
        let Some(Reverse((at_ns, copy, index))) = next.pop() else { break };
        let mut frame = unit[index].1.clone();
        move_to(&mut frame, u16::try_from(copy).expect("few copies"));
        let size = u32::try_from(frame.len()).expect("a frame");
        let since = BEGAN_NS + at_ns;
        for word in [(since / 1_000_000_000) as u32, (since % 1_000_000_000) as u32, size, size] {
            file.write_all(&word.to_le_bytes())?;
        }
        file.write_all(&frame)?;
        bytes += 16 + u64::from(size);
        if let Some((at, _)) = unit.get(index + 1) {
            next.push(Reverse((copy * length + at, copy, index + 1)));
        }
    }
    file.flush()?;
    Ok(bytes)
}

/// What one place saw of each run, together in order of time.
fn unit() -> Vec<(u64, Vec<u8>)> {
    let mut all = Vec::new();
    for (name, knobs) in RUNS {
        let demo = demos::find(name).expect("it ships");
        let knobs = Knobs::with(demo.knobs, knobs.iter().copied()).expect("the demo's own knobs");
        let run = (demo.run)(&knobs, &Setup { seed: 1, interventions: Vec::new() });
        let places = vantage::all(&run).into_iter().map(|it| it.seen(&run));
        let most = places.max_by_key(Vec::len).expect("a run has a place");
        all.extend(most.iter().map(|it| (it.at.0, it.packet.bytes.clone())));
    }
    all.sort_by_key(|(at, _)| *at);
    all
}

/// Gives both ends addresses of the copy's own, and the checksums what that takes. RFC 1624.
fn move_to(frame: &mut [u8], copy: u16) {
    let (addresses, header, upper) = match frame {
        [_, _, _, _, _, _, _, _, _, _, _, _, 0x08, 0, ip @ ..] if ip.len() >= 20 => {
            ([14 + 12, 14 + 16], Some(14 + 10), (ip[9], 14 + usize::from(ip[0] & 15) * 4))
        }
        [_, _, _, _, _, _, _, _, _, _, _, _, 0x86, 0xdd, ip @ ..] if ip.len() >= 40 => {
            ([14 + 8 + 4, 14 + 24 + 4], None, (ip[6], 14 + 40))
        }
        _ => return,
    };
    let checksum = match upper.0 {
        6 => Some(upper.1 + 16),
        17 => Some(upper.1 + 6),
        58 => Some(upper.1 + 2),
        _ => None,
    };
    let size = frame.len();
    for at in addresses {
        let before = u16::from_be_bytes([frame[at], frame[at + 1]]);
        let after = before.wrapping_add(copy);
        frame[at..at + 2].copy_from_slice(&after.to_be_bytes());
        for at in [header, checksum].into_iter().flatten().filter(|at| at + 2 <= size) {
            let old = u16::from_be_bytes([frame[at], frame[at + 1]]);
            let sum = u32::from(!old) + u32::from(!before) + u32::from(after);
            let sum = (sum & 0xffff) + (sum >> 16);
            let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
            frame[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        }
    }
}
