//! A content file's text with its lines, so that every message has a place.
use std::borrow::Cow;
use std::ops::Range;

/// A file as read, free of characters that could drive a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As shown in messages.
    pub path: String,
    pub text: Cow<'static, str>,
    /// It is part of the program, whose build has checked it against every demo.
    pub shipped: bool,
    /// Byte offset of each line's first character.
    starts: Vec<usize>,
}

impl SourceFile {
    /// The file of that path and text; the caller has made its control characters visible (see [`visible`]).
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(newlines).collect();
        Self { path: path.into(), text, shipped: false, starts }
    }

    /// The line of a byte offset, from 1.
    #[must_use]
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The column of a byte offset in characters, from 1.
    #[must_use]
    pub fn column(&self, offset: usize) -> usize {
        let start = self.starts[self.line(offset) - 1];
        self.text.get(start..offset).map_or(1, |before| before.chars().count() + 1)
    }

    /// The bytes of a line without its newline; past the end, the empty rest.
    #[must_use]
    pub fn line_span(&self, line: usize) -> Range<usize> {
        let end = self.text.len();
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(end);
        let next = self.starts.get(line).map_or(end, |next| next - 1);
        start..next.max(start)
    }

    /// A span moved inside the text and onto character borders.
    #[must_use]
    pub fn clamp(&self, span: Range<usize>) -> Range<usize> {
        let floor = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(span.start);
        start..floor(span.end).max(start)
    }
}

/// Whether a character could move the cursor, change colours or turn the text around.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    match c {
        ' '..='~' | '\n' | '\t' => false,
        // Direction marks, embeddings and isolates (Unicode UAX 9 §2), line separators, byte order mark, tags.
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}

/// One visible character in place of an unseen one: the picture of a C0 control (U+2400 block), else U+FFFD.
#[must_use]
pub fn visible(c: char) -> char {
    match c {
        '\u{00}'..='\u{1f}' if is_unseen(c) => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        _ if is_unseen(c) => '\u{fffd}',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let file = SourceFile::new("a.md", "one\nzwéi x\n\nend");
        let at = file.text.find('x').expect("an x");
        assert_eq!((file.line(at), file.column(at)), (2, 6));
        assert_eq!(file.line_span(2), 4..11);
        assert_eq!(file.line_span(4), 13..16);
        assert_eq!(file.line_span(9), 16..16);
    }

    #[test]
    fn a_span_never_cuts_a_character() {
        let file = SourceFile::new("a.md", "é");
        assert_eq!(file.clamp(1..9), 0..2);
    }

    #[test]
    fn unseen_characters_become_one_visible_one() {
        assert_eq!(visible('\u{1b}'), '␛');
        assert_eq!(visible('\u{7f}'), '␡');
        assert_eq!(visible('\u{9b}'), '\u{fffd}');
        assert_eq!(visible('\u{202e}'), '\u{fffd}');
        assert_eq!(visible('é'), 'é');
        assert_eq!(visible('\n'), '\n');
    }
}
