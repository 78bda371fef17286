//! What a lesson's step or a question shows: `sequence @syn-ack highlight=tcp.ack,tcp.flags`.
use std::ops::Range;

use super::Show;
use super::problems::Problems;
use super::rule::Rule;

/// A view, perhaps a marker and fields to light; `help` says how it is written here.
pub(super) fn show(text: &str, span: &Range<usize>, help: &str, problems: &mut Problems<'_>) -> Option<Show> {
    let mut words = text.split_whitespace();
    let Some(view) = words.next() else {
        problems.error(Rule::Directive, span.clone(), "`show` names no view", help);
        return None;
    };
    let mut show = Show { view: view.to_owned(), ..Show::default() };
    for word in words {
        if let Some(marker) = word.strip_prefix('@').filter(|it| !it.is_empty()) {
            show.marker = Some(marker.to_owned());
        } else if let Some(fields) = word.strip_prefix("highlight=") {
            show.highlight.extend(fields.split(',').filter(|it| !it.is_empty()).map(ToOwned::to_owned));
        } else {
            problems.error(Rule::Directive, span.clone(), format!("`{word}` is no part of `show`"), help);
        }
    }
    Some(show)
}
