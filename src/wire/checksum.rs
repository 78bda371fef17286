//! The Internet checksum (RFC 1071): computed, compared, and said in words.
use std::net::IpAddr;

use etherparse::checksum::Sum16BitWords;

use super::reader::{Reader, Words};

/// What the covered bytes' checksum says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Correct,
    Wrong { should_be: u16 },
}

/// Judges the checksum at byte `at` (even) of `covered`, over `pseudo` and all of `covered`.
pub(super) fn judge(pseudo: Sum16BitWords, covered: &[u8], at: usize) -> Verdict {
    if pseudo.clone().add_slice(covered).ones_complement() == 0 {
        return Verdict::Correct;
    }
    let (before, after) = covered.split_at(at.min(covered.len()));
    let after = after.get(2..).unwrap_or_default();
    // RFC 768: computed as zero it is sent as all ones; harmless for the others, to which both mean the same.
    let should_be = pseudo.add_slice(before).add_slice(after).to_ones_complement_with_no_zero().to_be();
    Verdict::Wrong { should_be }
}

/// The pseudo header of an upper layer: over IPv4 RFC 9293 §3.1 and RFC 768, over IPv6 RFC 8200 §8.1.
pub(super) fn pseudo(source: IpAddr, destination: IpAddr, protocol: u8, length: usize) -> Sum16BitWords {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let sum = add(add(Sum16BitWords::new(), source), destination);
    sum.add_2bytes([0, protocol]).add_4bytes(length.to_be_bytes())
}

fn add(mut sum: Sum16BitWords, address: IpAddr) -> Sum16BitWords {
    match address {
        IpAddr::V4(address) => sum.add_4bytes(address.octets()),
        IpAddr::V6(address) => sum.add_16bytes(address.octets()),
    }
}

/// Reads a checksum field and says whether it is right.
pub(super) fn read(r: &mut Reader<'_>, words: &Words, verdict: Result<Verdict, &str>) -> Option<()> {
    r.hex16(words)?;
    match verdict {
        Ok(Verdict::Correct) => r.means("correct"),
        Ok(Verdict::Wrong { should_be }) => {
            let wrong = format!("wrong, should be {should_be:#06x}");
            r.problem_back(2, format_args!("{} {wrong}", words.label.to_lowercase()));
            r.means(wrong);
        }
        Err(why) => r.means(format_args!("not checked: {why}")),
    }
    Some(())
}
