//! Domain names in a message: labels, and pointers to labels that were there before. RFC 1035 §3.1, §4.1.4.
use std::fmt::Write as _;

use crate::wire::reader::{Reader, Words};
use crate::wire::text::visible;

const LENGTH: Words = Words::new(
    "dns.label.len",
    "Label length",
    "RFC 1035 §3.1",
    "A label has 1 to 63 bytes, so the two highest bits are free to mark a pointer; length 0 is the root and ends the name.",
);
const LABEL: Words =
    Words::new("dns.label", "Label", "RFC 1035 §3.1", "One part of the name, without the dots that people write.");
const POINTER: Words = Words::new(
    "dns.pointer",
    "Compression pointer",
    "RFC 1035 §4.1.4",
    "The rest of the name stands earlier in the message, counted from its first byte: so a name is sent once.",
);

/// The longest name, with its lengths. RFC 1035 §2.3.4.
const LONGEST: usize = 255;
/// More pointers than this in one name serve nobody but an attacker.
const MOST_POINTERS: usize = 32;

/// A name as a message holds it.
struct Expanded {
    /// As people write it, safe to show; the root is `.`.
    text: String,
    /// What is wrong with it.
    problem: Option<&'static str>,
}

/// Reads a name that begins here in the message that begins at byte `base` of the frame; its text.
pub(super) fn read(r: &mut Reader<'_>, words: &Words, base: usize) -> Option<String> {
    let start = r.position();
    let message = r.whole();
    // The layer may begin with the length TCP needs: pointers count from the message itself.
    let offset = start.checked_sub(base)?;
    let message = &message[message.len() - (r.end() - base)..];
    let expanded = expand(message, offset);
    let compressed = r.group(words, |r| read_labels(r, message));
    r.says(&expanded.text);
    if compressed? {
        r.means("its end is written earlier in the message");
    }
    if let Some(problem) = expanded.problem {
        r.problem(start..r.position(), format_args!("name {}: {problem}", expanded.text));
    }
    Some(expanded.text)
}

/// A name that stands alone in `bytes` at `at`, its pointers counted from their first byte: its text, and how long it is
/// there. `None` when it cannot be read.
pub(in crate::wire) fn alone(bytes: &[u8], at: usize) -> Option<(String, usize)> {
    let Expanded { text, problem } = expand(bytes, at);
    let mut end = at;
    loop {
        match *bytes.get(end)? {
            0 => break end += 1,
            0xc0.. => break end += 2,
            length => end += 1 + usize::from(length),
        }
    }
    (problem.is_none() && end <= bytes.len()).then_some((text, end - at))
}

/// Reads the labels that stand here; whether they end in a pointer.
fn read_labels(r: &mut Reader<'_>, message: &[u8]) -> Option<bool> {
    let until = r.position() + LONGEST;
    while r.position() < until {
        let length = *r.ahead().first()?;
        if length & 0xc0 == 0xc0 {
            let pointer = r.hex16(&POINTER)? & 0x3fff;
            let rest = expand(message, usize::from(pointer)).text;
            r.means(format_args!("byte {pointer} of the message: {rest}"));
            return Some(true);
        }
        r.u8(&LENGTH)?;
        match length {
            0 => {
                r.means("the root: the name ends here");
                return Some(false);
            }
            1..=63 => {
                r.text(&LABEL, usize::from(length))?;
            }
            _ => {
                r.problem_back(1, "a label length has its two highest bits both clear or, in a pointer, both set");
                return None;
            }
        }
    }
    Some(false)
}

fn expand(message: &[u8], offset: usize) -> Expanded {
    let mut text = String::new();
    let problem = collect(message, offset, &mut text).err();
    if text.is_empty() {
        text.push('.');
    }
    Expanded { text, problem }
}

/// Follows labels and pointers. Pointers lead backwards only, and few of them, so that it ends.
fn collect(message: &[u8], mut at: usize, text: &mut String) -> Result<(), &'static str> {
    let (mut barrier, mut pointers, mut length) = (at, 0, 0);
    loop {
        let first = usize::from(*message.get(at).ok_or("it leads out of the message")?);
        match first {
            0 => return Ok(()),
            1..=63 => {
                let label = message.get(at + 1..at + 1 + first).ok_or("a label leads out of the message")?;
                length += first + 1;
                if length > LONGEST - 1 {
                    return Err("it is longer than the 255 bytes a name may have");
                }
                let dot = if text.is_empty() { "" } else { "." };
                // RFC 1035 §5.1: a dot inside a label is written `\.`.
                let label = visible(label).replace('.', "\\.");
                write!(text, "{dot}{label}").expect("a String takes all text");
                at += 1 + first;
            }
            0xc0.. => {
                let second = usize::from(*message.get(at + 1).ok_or("a pointer is cut short")?);
                let target = (first & 0x3f) << 8 | second;
                pointers += 1;
                if target >= barrier {
                    return Err("a pointer does not lead backwards");
                }
                if pointers > MOST_POINTERS {
                    return Err("it has too many pointers");
                }
                (at, barrier) = (target, target);
            }
            _ => return Err("a label has a length that cannot be"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(message: &[u8], at: usize) -> (String, Option<&'static str>) {
        let Expanded { text, problem } = expand(message, at);
        (text, problem)
    }

    #[test]
    fn follows_a_pointer_to_what_was_there_before() {
        let message = b"\x03www\x07example\x03lab\x00\x04mail\xc0\x04";
        assert_eq!(name(message, 0), ("www.example.lab".into(), None));
        assert_eq!(name(message, 17), ("mail.example.lab".into(), None));
    }

    #[test]
    fn refuses_loops_and_what_leads_out_of_the_message() {
        assert_eq!(name(b"\xc0\x00", 0).1, Some("a pointer does not lead backwards"));
        assert_eq!(name(b"\x01a\xc0\x04\x01b\xc0\x00", 4).1, Some("a pointer does not lead backwards"));
        assert_eq!(name(b"\x05ab", 0).1, Some("a label leads out of the message"));
        assert_eq!(name(b"\x40ab", 0).1, Some("a label has a length that cannot be"));
        let long: Vec<u8> = b"\x3f".iter().chain(&[b'x'; 63]).copied().cycle().take(64 * 5).collect();
        assert_eq!(name(&long, 0).1, Some("it is longer than the 255 bytes a name may have"));
    }

    #[test]
    fn a_label_cannot_drive_the_terminal() {
        assert_eq!(name(b"\x04\x1b[2J\x00", 0).0, r"\x1b[2J");
        assert_eq!(name(b"\x03a.b\x01c\x00", 0).0, r"a\.b.c");
    }
}
