//! Words that hold a comma or a space, so that they stay one word: in a list, and in a command to paste.

/// Words in a row with commas between; one that has a comma or a space itself stands in quotes.
#[must_use]
pub fn listed(words: &[&str]) -> String {
    words.iter().map(|word| in_quotes(word)).collect::<Vec<_>>().join(", ")
}

/// A word that is seen to be one: `'private, max-age=60'`.
#[must_use]
pub fn in_quotes(word: &str) -> String {
    if word.contains([',', ' ']) { format!("'{word}'") } else { word.to_owned() }
}

/// A word without the quotes that it may be written in.
#[must_use]
pub fn bare(word: &str) -> &str {
    let word = word.trim();
    word.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')).unwrap_or(word)
}

/// A word as a shell takes it.
#[must_use]
pub fn pasted(word: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "/._-+,:@%=".contains(it);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Settings as flags that a shell takes, each after a space: ` --cache-control 'private, max-age=60'`.
#[must_use]
pub fn flags<'a>(settings: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    settings.into_iter().map(|(name, value)| format!(" --{name} {}", pasted(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_a_comma_is_seen_to_be_one_and_read_without_its_quotes() {
        assert_eq!(listed(&["no-cache", "private, max-age=60"]), "no-cache, 'private, max-age=60'");
        assert_eq!([bare(" 'private, max-age=60' "), bare("off"), bare("'")], ["private, max-age=60", "off", "'"]);
    }

    #[test]
    fn a_command_can_be_pasted() {
        let of = |value: &str| flags([(&"knob".to_owned(), &value.to_owned())]);
        assert_eq!(of("private, max-age=60"), " --knob 'private, max-age=60'");
        assert_eq!([of("*"), of("80ms"), of("it's")], [" --knob '*'", " --knob 80ms", " --knob 'it'\\''s'"]);
    }
}
