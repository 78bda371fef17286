//! A zone file cut into its entries (RFC 1035 §5.1), each with the line it begins on.

/// An entry of a zone file: one record or one directive, however many lines it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The line it begins on, counted from 1.
    pub(super) line: usize,
    pub(super) text: &'a str,
}

/// What is wrong with the brackets or quotes of a file: the line, and what it lacks.
pub(super) type Unclosed = (usize, &'static str);

/// Cuts a zone file where a line ends outside parentheses and quotes; comments and empty lines are left out.
pub(super) fn entries(text: &str) -> Result<Vec<Entry<'_>>, Unclosed> {
    let mut entries = Vec::new();
    let (mut line, mut begin, mut first_line) = (1, 0, 1);
    let (mut depth, mut quoted, mut comment, mut escaped) = (0_usize, false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\n' if quoted => return Err((line, "a quote is not closed on this line")),
            '\n' => comment = false,
            _ if comment => {}
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            ';' => comment = true,
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or((line, "`)` closes nothing"))?,
            _ => {}
        }
        if c == '\n' {
            line += 1;
            if depth == 0 {
                push(&mut entries, first_line, &text[begin..=at]);
                (begin, first_line) = (at + 1, line);
            }
        }
    }
    if quoted {
        return Err((line, "a quote is not closed on this line"));
    }
    if depth > 0 {
        return Err((first_line, "`(` is not closed"));
    }
    push(&mut entries, first_line, &text[begin..]);
    Ok(entries)
}

fn push<'a>(entries: &mut Vec<Entry<'a>>, line: usize, text: &'a str) {
    let text = text.trim_end();
    let says = text.trim_start();
    if !says.is_empty() && !says.starts_with(';') {
        entries.push(Entry { line, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_may_take_several_lines_and_keeps_the_number_of_its_first() {
        let text = "; a comment\n\n@ SOA a b ( 1 ; serial (\n 2 3 4 5 )\nwww A 192.0.2.1\n TXT \"a;b (\" ; note";
        let found = entries(text).expect("it is well formed");
        let lines: Vec<_> = found.iter().map(|it| it.line).collect();
        assert_eq!(lines, [3, 5, 6]);
        assert!(found[0].text.ends_with("2 3 4 5 )"));
        assert!(found[2].text.starts_with(" TXT"));
    }

    #[test]
    fn what_is_left_open_is_named_with_its_line() {
        assert_eq!(entries("a TXT \"b\nc A 192.0.2.1"), Err((1, "a quote is not closed on this line")));
        assert_eq!(entries("\n@ SOA (\n1\n"), Err((2, "`(` is not closed")));
        assert_eq!(entries("a A 192.0.2.1 )"), Err((1, "`)` closes nothing")));
    }
}
