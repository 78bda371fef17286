//! `--plain`: lessons and questions as sequential text, for screen readers and pipes.
mod answer;
mod capture;
mod console;
mod lab;
mod lesson;
mod questions;
mod sitter;
mod stage;

pub(super) use lab::lab_1a;
pub(super) use lesson::learn;
pub(super) use questions::{drill, quiz};

use super::arguments::Options;
use super::folders;
use super::streams::tell;
use crate::content::{self, Content, Source};
use crate::progress::Store;

/// The content; its problems are named on stderr and the rest is used.
pub(super) fn loaded(options: &Options) -> Content {
    let source = options.content.as_deref().map_or(Source::Embedded, Source::Folder);
    let (content, problems) = content::load(source);
    let errors = problems.iter().filter(|it| it.is_error()).count();
    if errors > 0 {
        tell(&format!("roundtrip: the content has problems: {errors}; `roundtrip check` names what to mend"));
    }
    content
}

/// The store; when nothing can be kept, that is said and the program goes on without.
pub(super) fn kept(options: &Options) -> Store {
    let (store, unkept) = folders::store(options);
    if let Some(why) = unkept {
        tell(&format!("roundtrip: nothing is kept: {why}"));
    }
    store
}
