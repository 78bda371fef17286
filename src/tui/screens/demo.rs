//! One demo outside a lesson: the stage has the whole screen.
use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::Screen;
use crate::content::{DemoRef, Show};
use crate::demos::live::Target;
use crate::tui::FRAME;
use crate::tui::action::{Action, Binding, Effect, Key, Outcome};
use crate::tui::app::World;
use crate::tui::stage::Stage;
use crate::tui::views::pen;

/// A demo on the stage, or a saved run on its way there.
pub struct Demo {
    stage: Option<Stage>,
    /// The file of a saved run that is still to be read.
    file: Option<String>,
    /// What is wrong with that file.
    problem: Option<String>,
    /// Whom the first run shall speak to, when it is a live one.
    target: Option<Target>,
    /// The learner was told what leaving loses: the same key again leaves.
    warned: bool,
}

/// What leaving loses.
const UNSAVED: &str = "This run is in no file: S saves it, esc once more leaves without.";

impl Demo {
    /// A demo with these settings.
    ///
    /// # Errors
    /// A message for the learner when there is no such demo, knob or setting.
    pub fn new(demo: &DemoRef, seed: u64) -> Result<Self, String> {
        let mut stage = Stage::new(demo, seed)?;
        stage.play();
        stage.offer_live();
        Ok(Self::of(Some(stage), None))
    }

    /// A demo's run that does not play: it stands where something is to be seen.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn shown(demo: &DemoRef, seed: u64, show: &Show) -> Result<Self, String> {
        let mut stage = Stage::new(demo, seed)?;
        stage.show_or_begin(show);
        stage.offer_live();
        Ok(Self::of(Some(stage), None))
    }

    /// A demo whose first run is on this machine's sockets.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn live(demo: &DemoRef, seed: u64, target: Target) -> Result<Self, String> {
        Ok(Self { target: Some(target), ..Self::new(demo, seed)? })
    }

    /// A run that was saved in a file.
    #[must_use]
    pub const fn saved(path: String) -> Self {
        Self::of(None, Some(path))
    }

    const fn of(stage: Option<Stage>, file: Option<String>) -> Self {
        Self { stage, file, problem: None, target: None, warned: false }
    }

    /// One thing at a time: what is open on top is closed, then a run that would be lost is spoken of, then the page is left.
    fn back(&mut self) -> Vec<Effect> {
        if self.stage.as_mut().is_some_and(Stage::close_top) {
            return Vec::new();
        }
        let is_lost = self.stage.as_ref().is_some_and(Stage::is_unsaved);
        if is_lost && !std::mem::replace(&mut self.warned, true) {
            return vec![Effect::Say(UNSAVED.to_owned())];
        }
        vec![Effect::Back]
    }

    fn opened(&mut self, text: &str) -> Vec<Effect> {
        match Stage::saved(text) {
            Ok(mut stage) => {
                stage.play();
                stage.offer_live();
                self.stage.insert(stage).start()
            }
            Err(message) => {
                self.problem = Some(message);
                Vec::new()
            }
        }
    }
}

impl Screen for Demo {
    fn title(&self, _world: &World) -> String {
        match (&self.stage, &self.file) {
            (Some(stage), _) => stage.title().to_owned(),
            (None, Some(path)) => path.clone(),
            (None, None) => "Demo".to_owned(),
        }
    }

    fn status(&self, _world: &World) -> String {
        self.stage.as_ref().map(Stage::status).unwrap_or_default()
    }

    fn bindings(&self, _world: &World) -> Vec<Binding> {
        let keys = self.stage.as_ref().map(Stage::bindings).unwrap_or_default();
        let mut keys: Vec<Binding> =
            keys.into_iter().map(|key| if matters(&key.action) { key.first() } else { key }).collect();
        // Where a name is typed, q is a letter.
        if !self.is_typing() {
            if let Some(stage) = self.stage.as_ref().filter(|it| it.takes_seeds()) {
                let next = Binding::new([Key::char('n')], "next seed", Action::Reseed { up: true });
                // Where chance decides, it goes before the fork of one packet.
                let fork = keys.iter().position(|it| it.action == Action::Drop).unwrap_or(keys.len());
                let is_chance = stage.lost_by_chance().is_some();
                keys.insert(if is_chance { fork } else { keys.len() }, if is_chance { next.first() } else { next });
                keys.push(Binding::quiet([Key::char('N')], "the seed before", Action::Reseed { up: false }));
            }
            let back = self.stage.as_ref().and_then(Stage::open_on_top).unwrap_or("back");
            keys.push(Binding::new([Key::code(KeyCode::Esc), Key::char('q')], back, Action::Back));
        }
        keys
    }

    fn is_typing(&self) -> bool {
        self.stage.as_ref().is_some_and(Stage::is_typing)
    }

    fn pace(&self) -> Option<Duration> {
        self.stage.as_ref().filter(|stage| stage.is_moving()).map(|_| FRAME)
    }

    fn entered(&mut self, _world: &World) -> Vec<Effect> {
        match (&mut self.stage, &self.file) {
            (Some(stage), _) => match self.target.take() {
                Some(target) => stage.run_live(target),
                None => stage.start(),
            },
            (None, Some(path)) => vec![Effect::Read { path: path.clone() }],
            (None, None) => Vec::new(),
        }
    }

    fn update(&mut self, action: Action, _world: &World) -> Vec<Effect> {
        let is_back = action == Action::Back;
        // Time alone changes no mind.
        self.warned &= is_back || matches!(action, Action::Tick(_));
        let done = self.stage.as_mut().and_then(|stage| stage.update(&action));
        match done {
            Some(effects) => effects,
            None if is_back => self.back(),
            None => Vec::new(),
        }
    }

    fn done(&mut self, outcome: &Outcome, _world: &World) -> Vec<Effect> {
        match (outcome, &mut self.stage) {
            (_, Some(stage)) => stage.done(outcome),
            (Outcome::Read { path, text }, None) if self.file.as_ref() == Some(path) => self.opened(text),
            (Outcome::Failed(message), None) => {
                self.problem = Some(message.clone());
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn click(&self, area: Rect, at: Position, world: &World) -> Option<Action> {
        self.stage.as_ref()?.click(area, at, world)
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        if let Some(stage) = &self.stage {
            return stage.draw(area, buffer, world, true);
        }
        let (text, style) = match &self.problem {
            Some(problem) => (problem.as_str(), world.theme.warn),
            None => ("Reading the saved run …", world.theme.dim),
        };
        let width = usize::from(area.width.saturating_sub(2)).max(8);
        for (y, line) in (1..area.height).zip(textwrap::wrap(text, width)) {
            pen::put(buffer, area, (1, y), &line, style);
        }
    }
}

/// Whether a key goes before others where there is not room for all: what one comes to a demo for.
const fn matters(action: &Action) -> bool {
    use Action::{
        Compare, Down, Drop, Knobs, Live, NextPane, PageDown, PlayPause, RunAgain, StepForward, StopLive, Toggle,
        Unfork,
    };
    matches!(
        action,
        PlayPause
            | StepForward
            | Down
            | NextPane
            | PageDown
            | Toggle
            | Knobs
            | RunAgain
            | Compare
            | Unfork
            | Drop
            | Live
            | StopLive
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(text: &str) -> Outcome {
        Outcome::Read { path: "a.run.json".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_saved_run_is_read_run_and_played() {
        let demo = DemoRef { name: "encapsulation".to_owned(), ..DemoRef::default() };
        let found = crate::demos::find("encapsulation").expect("it ships");
        let world = crate::tui::stage::world();
        let run = (found.run)(
            &crate::demos::Knobs::defaults(found.knobs),
            &crate::demos::Setup { seed: 7, ..Default::default() },
        );
        let mut screen = Demo::saved("a.run.json".to_owned());
        assert!(matches!(screen.entered(&world).as_slice(), [Effect::Read { .. }]));
        let effects = screen.done(&outcome(&crate::recording::saved::save(&run)), &world);
        assert!(
            matches!(effects.as_slice(), [Effect::Run { demo, setup, .. }] if demo.name == "encapsulation" && setup.seed == 7)
        );
        assert!(
            screen
                .done(
                    &Outcome::Ran(std::sync::Arc::new(crate::tui::views::Prepared::new(std::sync::Arc::new(run)))),
                    &world
                )
                .is_empty()
        );
        assert!(screen.pace().is_some(), "it plays");
        assert!(Demo::new(&demo, 7).is_ok());
    }

    #[test]
    fn the_way_back_closes_one_thing_at_a_time_and_speaks_of_a_run_that_would_be_lost() {
        use crate::demos::{Knobs, Setup};
        use crate::tui::views::Prepared;
        let world = crate::tui::stage::world();
        let demo = DemoRef { name: "encapsulation".to_owned(), ..DemoRef::default() };
        let found = crate::demos::find("encapsulation").expect("it ships");
        let mut screen = Demo::new(&demo, 7).expect("it ships");
        drop(screen.entered(&world));
        let run = |screen: &mut Demo, seed: u64| {
            let setup = Setup { seed, ..Setup::default() };
            let run = (found.run)(&Knobs::defaults(found.knobs), &setup);
            drop(screen.done(&Outcome::Ran(std::sync::Arc::new(Prepared::new(std::sync::Arc::new(run)))), &world));
        };
        let back = |screen: &mut Demo| {
            let keys = screen.bindings(&world);
            let label = keys.iter().find(|it| it.action == Action::Back).expect("a way back").label;
            (label, screen.update(Action::Back, &world))
        };
        run(&mut screen, 7);
        assert!(
            matches!(back(&mut screen), ("back", it) if matches!(it.as_slice(), [Effect::Back])),
            "nothing is lost"
        );
        drop(screen.update(Action::Reseed { up: true }, &world));
        run(&mut screen, 8);
        drop(screen.update(Action::Compare, &world));
        drop(screen.update(Action::Zoom, &world));
        assert!(matches!(back(&mut screen), ("all of the stage", it) if it.is_empty()));
        assert!(matches!(back(&mut screen), ("one run", it) if it.is_empty()));
        let warns = |it: &[Effect]| matches!(it, [Effect::Say(text)] if text.contains("S saves it"));
        assert!(matches!(back(&mut screen), ("back", it) if warns(&it)));
        drop(screen.update(Action::StepForward, &world));
        assert!(matches!(back(&mut screen), ("back", it) if warns(&it)), "another key was between");
        assert!(matches!(back(&mut screen), ("back", it) if matches!(it.as_slice(), [Effect::Back])));
        drop(screen.update(Action::SaveRun, &world));
        let written = Outcome::Written { path: "encapsulation-8.run.json".to_owned(), text: "Saved".to_owned() };
        drop(screen.done(&written, &world));
        assert!(
            matches!(back(&mut screen), ("back", it) if matches!(it.as_slice(), [Effect::Back])),
            "it is in a file"
        );
    }

    #[test]
    fn a_file_that_is_no_run_says_what_it_is() {
        let world = crate::tui::stage::world();
        let mut screen = Demo::saved("a.run.json".to_owned());
        assert!(screen.done(&outcome("nonsense"), &world).is_empty());
        let area = Rect::new(0, 0, 60, 16);
        let mut buffer = Buffer::empty(area);
        screen.draw(area, &mut buffer, &world);
        let text = crate::tui::views::fixture::text(&buffer);
        assert!(text.contains("not a saved run"), "{text}");
    }
}
