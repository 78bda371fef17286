//! Text from bytes, made safe to show: nothing that came from a network or a file may drive the terminal.
use std::fmt::Write as _;

/// The text with everything that is not plain print shown as an escape: `\x1b`, `\n`, `\u{202e}`, `\xff` for a byte that is
/// no UTF-8. At most ten times as long as the input.
#[must_use]
pub fn visible(text: impl AsRef<[u8]>) -> String {
    let mut shown = String::new();
    for chunk in text.as_ref().utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_char(&mut shown, c));
        chunk.invalid().iter().for_each(|byte| push_byte(&mut shown, *byte));
    }
    shown
}

/// As [`visible`], of at most the first `most` bytes; `…` says that there was more.
#[must_use]
pub fn visible_start(text: impl AsRef<[u8]>, most: usize) -> String {
    let bytes = text.as_ref();
    let Some(start) = bytes.get(..most).filter(|_| bytes.len() > most) else { return visible(bytes) };
    // A character cut in two would look like a bad byte: up to three of its bytes go with it.
    let cut = (start.len().saturating_sub(3)..=start.len()).rev().find(|at| std::str::from_utf8(&start[..*at]).is_ok());
    visible(&start[..cut.unwrap_or(start.len())]) + "…"
}

/// Bytes as `48 65 6c 6c 6f`, at most the first `most` of them; `…` says that there were more.
#[must_use]
pub fn hex_start(bytes: &[u8], most: usize) -> String {
    let shown: Vec<String> = bytes.iter().take(most).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > most { " …" } else { "" };
    shown.join(" ") + more
}

/// Bytes in a row of [`hex_rows`].
const ROW: usize = 16;

/// Bytes in rows, as hexdump(1) shows them: where a row begins, its bytes, and those of them that can be printed.
pub fn hex_rows(bytes: &[u8]) -> impl Iterator<Item = String> {
    (0..).step_by(ROW).zip(bytes.chunks(ROW)).map(|(at, row)| {
        let print = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        let plain: String = row.iter().map(print).collect();
        format!("{at:04x}  {:47}  {plain}", hex_start(row, ROW))
    })
}

/// A label and a number behind it. Every packet of a run has such a line: the formatter of `write!` showed in the profile.
pub(super) fn push_number(line: &mut String, label: &str, number: u32) {
    line.push_str(label);
    line.push_str(itoa::Buffer::new().format(number));
}

/// Whether it is lines of print: nothing in it drives a terminal but the ends of lines.
#[must_use]
pub fn is_text(text: &str) -> bool {
    text.chars().all(|it| !it.is_control() || matches!(it, '\n' | '\r' | '\t'))
}

/// A second of the calendar, so many after 1970-01-01 00:00:00 UTC: `2026-11-21 18:00:00 UTC`.
#[must_use]
pub fn date(seconds: u32) -> String {
    let date = jiff::Timestamp::from_second(seconds.into()).expect("jiff's calendar reaches far beyond 2106");
    format!("{} UTC", date.strftime("%Y-%m-%d %H:%M:%S"))
}

/// A hardware address: `02:00:5e:10:00:01`.
#[must_use]
pub fn mac(octets: [u8; 6]) -> String {
    octets.map(|octet| format!("{octet:02x}")).join(":")
}

fn push_char(shown: &mut String, c: char) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        '\0'..='\x1f' | '\x7f' => push_byte(shown, u8::try_from(u32::from(c)).unwrap_or(b'?')),
        c if is_invisible(c) => {
            write!(shown, "\\u{{{:x}}}", u32::from(c)).expect("a String takes all text");
        }
        c => shown.push(c),
    }
}

fn push_byte(shown: &mut String, byte: u8) {
    write!(shown, "\\x{byte:02x}").expect("a String takes all text");
}

/// Whether a terminal might act on the character instead of showing it, or show nothing.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// C1 controls, and characters that turn, hide or break a line of text (Unicode UAX #9, General Category Cf, Zl, Zp).
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_would_drive_a_terminal() {
        assert_eq!(visible("a\x1b[2Jb\r\n\t\x07\x7f"), r"a\x1b[2Jb\r\n\t\x07\x7f");
        assert_eq!(visible("\u{202e}gpj.exe\u{2066}\u{200b}"), r"\u{202e}gpj.exe\u{2066}\u{200b}");
        assert_eq!(visible("\u{9b}31m\u{85}"), r"\u{9b}31m\u{85}");
        assert_eq!(visible(b"ok \xff\xfe caf\xc3\xa9"), r"ok \xff\xfe café");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(date(1_795_284_000), "2026-11-21 18:00:00 UTC");
        assert_eq!(date(u32::MAX), "2106-02-07 06:28:15 UTC");
    }

    #[test]
    fn cuts_between_characters_and_says_so() {
        assert_eq!(visible_start("héllo", 2), "h…");
        assert_eq!(visible_start("héllo", 3), "hé…");
        assert_eq!(visible_start("héllo", 6), "héllo");
        assert_eq!(visible_start(b"\xff\xff\xff\xff\xff", 4), r"\xff\xff\xff\xff…");
        assert_eq!(hex_start(b"Hello", 3), "48 65 6c …");
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_shown_is_a_control(bytes: Vec<u8>) {
            let shown = visible(&bytes);
            proptest::prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)));
            proptest::prop_assert!(shown.len() <= bytes.len() * 10);
        }
    }
}
