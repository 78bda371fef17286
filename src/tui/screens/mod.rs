//! The screens: one file each, all of one shape. State, the keys that work now, update, draw.
mod demo;
mod demos;
mod glossary;
mod help;
mod home;
mod lesson;
mod palette;
mod present;
mod progress;
mod session;
mod workbench;

pub use demo::Demo;
pub use demos::Demos;
pub use glossary::Glossary;
pub use help::Help;
pub use home::Home;
pub use lesson::Lesson;
pub use palette::Palette;
pub use present::Present;
pub use progress::Progress;
pub use session::{DRILL_COUNT, Session, Topic};
pub use workbench::{Wish, Workbench};

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::action::{Action, Binding, Effect, Outcome, Place};
use super::app::World;
use super::course;

/// A screen. `update` and `done` are its only writers; `draw` and `bindings` only read.
pub trait Screen {
    /// For the header: where the learner is.
    fn title(&self, world: &World) -> String;

    /// For the header's right end: `step 3 of 9`.
    fn status(&self, _world: &World) -> String {
        String::new()
    }

    /// The keys that work now, in the footer's order. The same list answers keys, so the footer cannot lie.
    fn bindings(&self, world: &World) -> Vec<Binding>;

    /// Whether keys without a binding are text.
    fn is_typing(&self) -> bool {
        false
    }

    /// How often time must be told with [`Action::Tick`]; never while nothing moves.
    fn pace(&self) -> Option<Duration> {
        None
    }

    /// It was opened, or what lay on it was closed.
    fn entered(&mut self, _world: &World) -> Vec<Effect> {
        Vec::new()
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect>;

    /// An effect of some screen was carried out.
    fn done(&mut self, _outcome: &Outcome, _world: &World) -> Vec<Effect> {
        Vec::new()
    }

    /// What a click at this cell means, when it was drawn in this area.
    fn click(&self, _area: Rect, _at: Position, _world: &World) -> Option<Action> {
        None
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World);
}

/// The screen of a place.
///
/// # Errors
/// A message for the learner when there is no such place.
pub fn open(place: Place, world: &World) -> Result<Box<dyn Screen>, String> {
    match place {
        Place::Home => Ok(Box::new(Home::default())),
        Place::Lesson { id, step } => Ok(Box::new(Lesson::open(&id, step, world)?)),
        Place::Learn { lesson } => {
            let (lesson, step) = course::meant(&world.content, &world.learner, lesson.as_deref())?;
            Ok(Box::new(Lesson::open(&lesson.id, step, world)?))
        }
        Place::Quiz { chapter } => Ok(Box::new(Session::quiz(&chapter, world)?)),
        Place::Drill(wish) => Ok(Box::new(Session::drill(&wish, world)?)),
        Place::Again { questions } => Ok(Box::new(Session::again(&questions, world))),
        Place::Unfinished { sitting } => Ok(Box::new(Session::unfinished(&sitting, world)?)),
        Place::Glossary { term } => Ok(Box::new(Glossary::open(term.as_deref(), world))),
        Place::Present { lesson } => Ok(Box::new(Present::open(&lesson, world)?)),
        Place::Progress => Ok(Box::new(Progress::default())),
        Place::Demos => Ok(Box::new(Demos::default())),
        Place::Demo { demo, seed } => Ok(Box::new(Demo::new(&demo, seed)?)),
        Place::Shown { demo, seed, show } => Ok(Box::new(Demo::shown(&demo, seed, &show)?)),
        Place::Live { demo, seed, target } => Ok(Box::new(Demo::live(&demo, seed, target)?)),
        Place::Capture(source) => Ok(Box::new(Workbench::new(source))),
        Place::SavedRun { path } => Ok(Box::new(Demo::saved(path))),
    }
}
