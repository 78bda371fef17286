//! `--plain`: lessons and questions as sequential text, for screen readers and pipes.
mod capture;
mod console;
mod lesson;
mod questions;

pub(super) use lesson::learn;
pub(super) use questions::{drill, quiz};

use super::arguments::Options;
use crate::content::{self, Content, Source};

/// The content; its problems are named on stderr and the rest is used.
pub(super) fn loaded(options: &Options) -> Content {
    let source = options.content.as_deref().map_or(Source::Embedded, Source::Folder);
    let (content, problems) = content::load(source);
    let errors = problems.iter().filter(|it| it.is_error()).count();
    if errors > 0 {
        eprintln!("roundtrip: the content has problems: {errors}; `roundtrip check` names what to mend");
    }
    content
}
