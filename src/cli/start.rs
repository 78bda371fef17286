//! Starts the screen.
use std::io::{IsTerminal, stdin, stdout};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use ratatui::layout::Size;

use super::arguments::Options;
use super::{Misuse, folders};
use crate::content::{self, Chapter, Content, Source};
use crate::near::near;
use crate::practice::drill;
use crate::progress::Snapshot;
use crate::tui::action::{DrillWish, Event, Outcome, Place};
use crate::tui::app::{App, World};
use crate::tui::theme::Theme;
use crate::tui::{Start, course};

/// Where chance comes from when nobody says.
pub(super) const SEED: u64 = 1;

/// What standard input is called where a file can be named.
pub(super) const STDIN: &str = "-";

/// How many questions a drill asks when nobody says.
pub(super) const DRILL_COUNT: usize = crate::tui::screens::DRILL_COUNT;

/// Opens the tutor, at a place of it when one is named.
pub(super) fn tui(options: &Options, place: Option<Place>) -> anyhow::Result<ExitCode> {
    if !has_keyboard(place.as_ref()) || !stdout().is_terminal() {
        bail!(
            "the screen needs a terminal, and this is none. For text, use --plain with learn, quiz or drill, \
             or `roundtrip demo NAME --text`"
        );
    }
    if let Some(place) = &place {
        check(options, place)?;
    }
    let mut app = App::new(world(options));
    if let Some(trouble) = &options.trouble {
        app.update(Event::Done(Outcome::Failed(trouble.clone())));
    }
    let theirs = options.clone();
    let store = Box::new(move || folders::store(&theirs));
    let start = Start { store, content: options.content.clone(), place };
    crate::tui::run(app, start).context("the terminal failed")?;
    Ok(ExitCode::SUCCESS)
}

/// Whether keys can be read: from standard input, or from the terminal itself where that brings a capture.
fn has_keyboard(place: Option<&Place>) -> bool {
    match place {
        Some(Place::Capture(source)) if source.name == STDIN => beside_stdin(),
        _ => stdin().is_terminal(),
    }
}

/// Whether keys can be read while standard input is something else. On macOS no program can wait for its terminal by that
/// name (kqueue refuses it), and crossterm does.
pub(super) fn beside_stdin() -> bool {
    stdin().is_terminal() || cfg!(target_os = "linux") && std::fs::File::open("/dev/tty").is_ok()
}

fn world(options: &Options) -> World {
    let variable = |name: &str| std::env::var(name).ok();
    let shipped = || Theme::named(Theme::for_terminal(variable)).expect("the terminal chooses among those that ship");
    World {
        content: Arc::new(Content::default()),
        loaded: false,
        learner: Arc::default(),
        known: false,
        unkept: None,
        unready: None,
        theme: options.theme.clone().unwrap_or_else(shipped),
        size: Size::new(80, 24),
        today: jiff::civil::Date::ZERO,
        seed: options.seed.unwrap_or(SEED),
    }
}

/// Refuses a place that is not there before the terminal is taken, so that the message stays on the screen.
fn check(options: &Options, place: &Place) -> Result<(), Misuse> {
    match place {
        Place::Learn { lesson: Some(lesson) } | Place::Present { lesson } => {
            course::meant(&quietly_loaded(options), &Snapshot::default(), Some(lesson)).map(drop).map_err(Misuse)
        }
        Place::Quiz { chapter } => chapter_with_quiz(&quietly_loaded(options), chapter).map(drop),
        Place::Drill(DrillWish { wish, .. }) if !wish.tags.is_empty() => {
            known_tags(&quietly_loaded(options), &wish.tags)
        }
        _ => Ok(()),
    }
}

/// The content; the screen itself tells of its problems.
fn quietly_loaded(options: &Options) -> Content {
    content::load(options.content.as_deref().map_or(Source::Embedded, Source::Folder)).0
}

/// The chapter of that id, when there is something to ask.
pub(super) fn chapter_with_quiz<'a>(content: &'a Content, id: &str) -> Result<&'a Chapter, Misuse> {
    let Some(chapter) = content.chapter(id) else {
        let ids: Vec<&str> = content.chapters.iter().map(|it| it.id.as_str()).collect();
        return Err(Misuse(format!("there is no chapter `{id}`; there are {}", ids.join(", "))));
    };
    if !chapter.quiz.questions.is_empty() {
        return Ok(chapter);
    }
    let asked = content.chapters.iter().filter(|it| !it.quiz.questions.is_empty());
    let ids: Vec<&str> = asked.map(|it| it.id.as_str()).collect();
    Err(Misuse(format!("{} has no quiz yet; these have one: {}", chapter.id, ids.join(", "))))
}

/// Refuses tags that no question has, and names those there are.
pub(super) fn known_tags(content: &Content, wanted: &[String]) -> Result<(), Misuse> {
    let tags = drill::tags(content);
    let chapters = content.chapters.iter().map(|it| it.id.as_str());
    let known: Vec<&str> = tags.iter().copied().chain(chapters).collect();
    let unknown = wanted.iter().find(|wanted| !known.iter().any(|it| it.eq_ignore_ascii_case(wanted)));
    let Some(unknown) = unknown else { return Ok(()) };
    let near: Vec<String> = near(unknown, tags.iter().copied()).iter().map(|tag| format!("`{tag}`")).collect();
    let meant = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
    let all = tags.into_iter().collect::<Vec<_>>().join(", ");
    // A tag is broken at no hyphen: it shall be copied whole.
    let wrapped = textwrap::Options::new(78).word_splitter(textwrap::WordSplitter::NoHyphenation);
    let all = textwrap::fill(&all, wrapped.initial_indent("  ").subsequent_indent("  "));
    Err(Misuse(format!("no question has the tag `{unknown}`{meant}\nThe tags are:\n{all}")))
}
