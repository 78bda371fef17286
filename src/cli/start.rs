//! Starts the screen.
use std::io::{IsTerminal, stdin, stdout};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use ratatui::layout::Size;

use super::arguments::Options;
use super::folders;
use crate::content::Content;
use crate::tui::Start;
use crate::tui::action::Place;
use crate::tui::app::{App, World};
use crate::tui::theme::Theme;

/// Where chance comes from when nobody says.
pub(super) const SEED: u64 = 1;

/// How many questions a drill asks when nobody says.
pub(super) const DRILL_COUNT: usize = crate::tui::screens::DRILL_COUNT;

/// Opens the tutor, at a place of it when one is named.
pub(super) fn tui(options: &Options, place: Option<Place>) -> anyhow::Result<ExitCode> {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        bail!(
            "the screen needs a terminal, and this is none. For text, use --plain with learn, quiz or drill, \
             or `roundtrip demo NAME --text`"
        );
    }
    let (store, unkept) = folders::store(options);
    let mut app = App::new(world(options));
    app.world.unkept = unkept;
    let start = Start { store, content: options.content.clone(), place };
    crate::tui::run(app, start).context("the terminal failed")?;
    Ok(ExitCode::SUCCESS)
}

fn world(options: &Options) -> World {
    let variable = |name: &str| std::env::var(name).ok();
    let theme = options.theme.as_deref().unwrap_or_else(|| Theme::for_terminal(variable));
    World {
        content: Arc::new(Content::default()),
        loaded: false,
        learner: Arc::default(),
        known: false,
        unkept: None,
        theme: Theme::named(theme).expect("the command line takes only themes that ship"),
        size: Size::new(80, 24),
        today: jiff::Zoned::now().date(),
        seed: options.seed.unwrap_or(SEED),
    }
}
