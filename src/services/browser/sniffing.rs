//! X-Content-Type-Options: whether a browser runs as a script what is not called one. WHATWG, Fetch and MIME Sniffing.

/// JavaScript's types. WHATWG, MIME Sniffing §4.6.
const SCRIPTS: [&str; 16] = [
    "application/ecmascript",
    "application/javascript",
    "application/x-ecmascript",
    "application/x-javascript",
    "text/ecmascript",
    "text/javascript",
    "text/javascript1.0",
    "text/javascript1.1",
    "text/javascript1.2",
    "text/javascript1.3",
    "text/javascript1.4",
    "text/javascript1.5",
    "text/jscript",
    "text/livescript",
    "text/x-ecmascript",
    "text/x-javascript",
];

/// Whether an answer to a `<script src>` is run. With nosniff its type must be JavaScript's; without, all but pictures, sound, films
/// and CSV are (Fetch, "should response to request be blocked due to its MIME type" and "due to nosniff").
#[must_use]
pub fn runs_as_script(content_type: &str, nosniff: bool) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if nosniff {
        return SCRIPTS.contains(&kind.as_str());
    }
    kind != "text/csv" && !["image/", "audio/", "video/"].iter().any(|it| kind.starts_with(it))
}

/// Whether a header field's value says nosniff: its first word (Fetch, "determine nosniff").
#[must_use]
pub fn says_nosniff(value: &str) -> bool {
    value.split(',').next().is_some_and(|it| it.trim().eq_ignore_ascii_case("nosniff"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_runs_as_a_script_unless_nosniff_takes_its_type_at_its_word() {
        for (kind, loose, strict) in [
            ("text/javascript; charset=utf-8", true, true),
            ("Text/Plain", true, false),
            ("", true, false),
            ("image/png", false, false),
            ("text/csv", false, false),
        ] {
            assert_eq!((runs_as_script(kind, false), runs_as_script(kind, true)), (loose, strict), "{kind}");
        }
        assert!(
            says_nosniff("NoSniff") && says_nosniff("nosniff, x") && !says_nosniff("x, nosniff") && !says_nosniff("")
        );
    }
}
