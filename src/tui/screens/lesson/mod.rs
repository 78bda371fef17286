//! A lesson: explanation on one side, the demo it drives on the other.
//!
//! ```text
//! ┌ The problem ─────────────┐┌ sequence ──────────────────────────┐
//! │ text of this step        ││ client            server           │
//! │                          ││   │──── SYN ────────▸│             │
//! │ ▸ your guess             ││                                    │
//! └──────────────────────────┘└────────────────────────────────────┘
//! ```
mod done;
mod guess;
mod text;

use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use self::guess::Guess;
pub(in crate::tui) use self::text::RunFacts;
use super::Screen;
use crate::content::{Chapter, Content, Step};
use crate::tui::FRAME;
use crate::tui::action::{Action, Binding, Effect, Key, Outcome, Place};
use crate::tui::app::World;
use crate::tui::learner::Keep;
use crate::tui::stage::Stage;

/// From this width on, text and demo stand side by side.
const WIDE: u16 = 100;
/// The text's pane when they do: the width `check` lays steps out for, and its border.
const TEXT_WIDTH: u16 = 50;

/// Which pane has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Focus {
    Text,
    Stage,
}

/// Where the learner stands in a lesson.
pub struct Lesson {
    id: String,
    step: usize,
    scroll: usize,
    focus: Focus,
    /// Missing for a lesson without a demo, or with one that cannot be.
    stage: Option<Stage>,
    /// Why it is missing.
    trouble: Option<String>,
    guess: Option<Guess>,
    /// Whether the lesson's first prediction is settled or was passed before.
    predicted: bool,
    /// Whether this step's guess was kept.
    kept: bool,
    /// The last step was left: what comes next is offered, and nothing is begun yet.
    finished: bool,
}

impl Lesson {
    /// Opens a lesson at a step.
    ///
    /// # Errors
    /// When there is no such lesson.
    pub fn open(id: &str, step: usize, world: &World) -> Result<Self, String> {
        let Some((_, lesson)) = world.content.lesson(id) else {
            return Err(format!("There is no lesson {id}."));
        };
        let step = step.min(lesson.steps.len().saturating_sub(1));
        let first = lesson.steps.iter().position(|step| step.predict.is_some());
        let predicted = first.is_none_or(|first| first < step);
        let demo = lesson.first_run();
        // A lesson whose demo cannot be is still there to read.
        let (stage, trouble) = match demo.map(|demo| Stage::new(&demo, world.seed)).transpose() {
            Ok(stage) => (stage, None),
            Err(message) => (None, Some(message)),
        };
        Ok(Self {
            id: id.to_owned(),
            step,
            scroll: 0,
            focus: Focus::Text,
            stage,
            trouble,
            guess: None,
            predicted,
            kept: false,
            finished: false,
        })
    }

    fn lesson<'a>(&self, content: &'a Content) -> Option<(&'a Chapter, &'a crate::content::Lesson)> {
        content.lesson(&self.id)
    }

    fn current<'a>(&self, content: &'a Content) -> Option<&'a Step> {
        self.lesson(content)?.1.steps.get(self.step)
    }

    /// Puts the stage where this step wants it, and asks for the guess it wants.
    fn arrive(&mut self, world: &World) -> Vec<Effect> {
        self.scroll = 0;
        let Some((_, lesson)) = self.lesson(&world.content) else { return Vec::new() };
        let Some(step) = lesson.steps.get(self.step) else { return Vec::new() };
        (self.guess, self.kept) = (step.predict.clone().map(Guess::new), false);
        let mut effects = vec![self.position(false)];
        if let Some(stage) = &mut self.stage {
            let run = lesson.run_at(self.step).or_else(|| lesson.first_run());
            effects.extend(run.as_ref().map(|run| stage.set(run)).unwrap_or_default());
            if let Some(show) = &step.show {
                stage.show(show);
            }
            // Before its first prediction is settled, nothing of the run may give the answer away.
            let first = lesson.steps.iter().position(|step| step.predict.is_some());
            let ahead = first.filter(|it| *it > self.step && !self.predicted);
            let same_run = ahead.is_some_and(|ahead| lesson.run_at(ahead) == run);
            stage.veil(same_run || self.guess.as_ref().is_some_and(Guess::is_open));
        }
        effects
    }

    fn step_to(&mut self, forward: bool, world: &World) -> Vec<Effect> {
        if std::mem::take(&mut self.finished) {
            return if forward { vec![Effect::Replace(self.next(world))] } else { self.arrive(world) };
        }
        let steps = self.lesson(&world.content).map_or(0, |(_, lesson)| lesson.steps.len());
        if !forward {
            self.step = self.step.saturating_sub(1);
            return self.arrive(world);
        }
        if self.step + 1 < steps {
            self.step += 1;
            return self.arrive(world);
        }
        self.finished = true;
        vec![self.position(true)]
    }

    fn position(&self, done: bool) -> Effect {
        Effect::Keep(Keep::Position { lesson: self.id.clone(), step: self.step, done })
    }

    /// What comes after the last step: the next lesson, or the chapter's quiz, or home.
    fn next(&self, world: &World) -> Place {
        let Some((chapter, _)) = self.lesson(&world.content) else { return Place::Home };
        let here = chapter.lessons.iter().position(|lesson| lesson.id == self.id).unwrap_or(0);
        match chapter.lessons.get(here + 1) {
            Some(lesson) => Place::Lesson { id: lesson.id.clone(), step: 0 },
            None if !chapter.quiz.questions.is_empty() => Place::Quiz { chapter: chapter.id.clone() },
            None => Place::Home,
        }
    }

    fn is_last(&self, world: &World) -> bool {
        self.lesson(&world.content).is_some_and(|(_, lesson)| self.step + 1 >= lesson.steps.len())
    }

    /// Once the guess is settled: shows the run, and keeps what was said beside what was measured.
    fn settle(&mut self) -> Vec<Effect> {
        if self.guess.as_ref().is_none_or(Guess::is_open) {
            return Vec::new();
        }
        self.predicted = true;
        if let Some(stage) = &mut self.stage {
            stage.veil(false);
        }
        self.keep().into_iter().collect()
    }

    /// Keeps the guess once, when its run is there.
    fn keep(&mut self) -> Option<Effect> {
        let guess = self.guess.as_ref().filter(|it| !self.kept && !it.is_open())?;
        let (guess, measured) = guess.settled(self.stage.as_ref().and_then(Stage::asked_for))?;
        self.kept = true;
        Some(Effect::Keep(Keep::Prediction { lesson: self.id.clone(), step: self.step, guess, measured }))
    }

    fn on_stage(&mut self, action: &Action) -> Vec<Effect> {
        self.stage.as_mut().and_then(|stage| stage.update(action)).unwrap_or_default()
    }

    /// The panes: text, then stage; the one with the keys is larger where they are stacked.
    fn panes(&self, area: Rect, world: &World) -> (Rect, Rect) {
        if self.stage.is_none() {
            let [text] = Layout::horizontal([Constraint::Max(80)]).areas(area);
            return (text, Rect::default());
        }
        if self.focus == Focus::Stage && self.stage.as_ref().is_some_and(Stage::is_zoomed) {
            return (Rect::default(), area);
        }
        if area.width >= WIDE {
            let width = if area.width >= 180 { TEXT_WIDTH + 16 } else { TEXT_WIDTH };
            let [text, stage] = Layout::horizontal([Constraint::Length(width), Constraint::Min(0)]).areas(area);
            return (text, stage);
        }
        // No taller than its text, so that the demo has the rest.
        let most = area.height * if self.focus == Focus::Text { 60 } else { 30 } / 100;
        let height = self.page(world).map_or(most, |page| text::height(&page, area.width, &world.theme)).min(most);
        let [text, stage] = Layout::vertical([Constraint::Length(height), Constraint::Min(0)]).areas(area);
        (text, stage)
    }

    /// What the text pane shows.
    fn page<'a>(&'a self, world: &'a World) -> Option<text::Page<'a>> {
        Some(text::Page {
            step: self.current(&world.content)?,
            guess: self.guess.as_ref(),
            recording: self.stage.as_ref().filter(|_| !self.is_guessing()).and_then(Stage::asked_for),
            knobs: self.stage.as_ref().map(Stage::knobs),
            scroll: self.scroll,
            has_focus: self.focus == Focus::Text,
        })
    }

    fn is_guessing(&self) -> bool {
        !self.finished && self.focus == Focus::Text && self.guess.as_ref().is_some_and(Guess::is_open)
    }

    fn steps(&self, world: &World) -> Vec<Binding> {
        let next = if self.is_last(world) { "finish" } else { "next" };
        let mut all = vec![Binding::new([Key::code(KeyCode::Enter), Key::char('n')], next, Action::NextStep)];
        if self.step > 0 {
            let keys = [Key::char('b'), Key::code(KeyCode::Backspace)];
            all.push(Binding::new(keys, "back a step", Action::PreviousStep));
        }
        all
    }
}

impl Screen for Lesson {
    fn title(&self, world: &World) -> String {
        let found = self.lesson(&world.content);
        found.map(|(chapter, lesson)| format!("{} › {}", chapter.id, lesson.title)).unwrap_or_default()
    }

    fn status(&self, world: &World) -> String {
        if self.finished {
            return "done".to_owned();
        }
        let steps = self.lesson(&world.content).map_or(0, |(_, lesson)| lesson.steps.len());
        format!("step {} of {steps}", self.step + 1)
    }

    fn bindings(&self, world: &World) -> Vec<Binding> {
        if self.finished {
            return self.done_bindings(world);
        }
        if self.is_guessing() {
            return vec![
                Binding::new([Key::code(KeyCode::Enter)], "say it and run", Action::Submit),
                Binding::new([Key::code(KeyCode::Tab)], "skip the guess", Action::Skip),
                Binding::quiet([Key::code(KeyCode::Down)], "down", Action::Down),
                Binding::quiet([Key::code(KeyCode::Up)], "up", Action::Up),
                Binding::new([Key::code(KeyCode::Esc)], "leave", Action::Back),
            ];
        }
        if let Some(stage) = self.stage.as_ref().filter(|_| self.is_typing()) {
            return stage.bindings();
        }
        let mut all = self.steps(world);
        let stage = self.stage.as_ref().map(Stage::bindings).unwrap_or_default();
        let other = if self.focus == Focus::Text { "to the demo" } else { "to the text" };
        let is_kept = self.focus == Focus::Stage && self.stage.as_ref().is_some_and(Stage::keeps_tab);
        if self.stage.is_some() && !is_kept {
            all.push(Binding::new([Key::code(KeyCode::Tab)], other, Action::OtherSide));
        }
        if self.focus == Focus::Stage {
            all.retain(|binding| binding.action != Action::PreviousStep);
            all[0].keys.remove(0);
            all.extend(stage);
        } else {
            all.push(Binding::quiet([Key::code(KeyCode::Down), Key::char('j')], "scroll the text", Action::Down));
            all.push(Binding::quiet([Key::code(KeyCode::Up)], "scroll back", Action::Up));
            if self.current(&world.content).is_some_and(|step| !text::links(step).is_empty()) {
                all.push(Binding::quiet([Key::char('l')], "links of this step", Action::Links));
            }
            all.extend(stage.into_iter().filter(|binding| !is_arrow(binding)));
        }
        let leaves = self.stage.as_ref().and_then(Stage::open_on_top).unwrap_or("leave");
        all.push(Binding::new([Key::code(KeyCode::Esc), Key::char('q')], leaves, Action::Back));
        all
    }

    fn is_typing(&self) -> bool {
        let on_stage = || self.focus == Focus::Stage && self.stage.as_ref().is_some_and(Stage::is_typing);
        !self.finished && (self.is_guessing() || on_stage())
    }

    fn pace(&self) -> Option<Duration> {
        self.stage.as_ref().filter(|stage| stage.is_moving() && !self.finished).map(|_| FRAME)
    }

    fn entered(&mut self, world: &World) -> Vec<Effect> {
        // What lay on it was closed: it stays done, and is not begun again.
        if self.finished {
            return Vec::new();
        }
        let mut effects = self.stage.as_mut().map(Stage::start).unwrap_or_default();
        effects.extend(self.arrive(world));
        effects.extend(self.trouble.clone().map(Effect::Say));
        effects
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        match action {
            Action::NextStep => return self.step_to(true, world),
            Action::PreviousStep => return self.step_to(false, world),
            Action::Back if self.stage.as_mut().is_some_and(Stage::close_top) => return Vec::new(),
            Action::Back => return vec![Effect::Back],
            _ if self.finished => {}
            Action::OtherSide => {
                self.focus = if self.focus == Focus::Text { Focus::Stage } else { Focus::Text };
                self.stage.iter_mut().for_each(Stage::left);
            }
            Action::Skip if self.guess.as_ref().is_some_and(|it| !it.field.text.trim().is_empty()) => {
                let text = "Enter says the guess you wrote; empty the line to go on without one.";
                return vec![Effect::Say(text.to_owned())];
            }
            Action::Submit | Action::Skip => {
                let close = if action == Action::Skip { Guess::skip } else { Guess::submit };
                self.guess.iter_mut().for_each(close);
                return self.settle();
            }
            Action::Type(key) if self.is_guessing() => self.guess.iter_mut().for_each(|guess| guess.field.key(key)),
            Action::Paste(text) if self.is_guessing() => {
                self.guess.iter_mut().for_each(|guess| guess.field.paste(&text))
            }
            Action::Links => {
                let links = self.current(&world.content).map(text::links).unwrap_or_default();
                return vec![Effect::Links(links)];
            }
            Action::Down if self.focus == Focus::Text => self.scroll += 1,
            Action::Up if self.focus == Focus::Text => self.scroll = self.scroll.saturating_sub(1),
            Action::Knobs | Action::Zoom => {
                self.focus = Focus::Stage;
                return self.on_stage(&action);
            }
            other => return self.on_stage(&other),
        }
        Vec::new()
    }

    fn done(&mut self, outcome: &Outcome, _world: &World) -> Vec<Effect> {
        let mut effects = self.stage.as_mut().map(|stage| stage.done(outcome)).unwrap_or_default();
        effects.extend(self.keep());
        effects
    }

    fn click(&self, area: Rect, at: Position, world: &World) -> Option<Action> {
        if self.finished {
            return None;
        }
        let (text, stage) = self.panes(area, world);
        if stage.contains(at) {
            let inside = self.stage.as_ref().and_then(|it| it.click(stage, at, world));
            return inside.or((self.focus == Focus::Text).then_some(Action::OtherSide));
        }
        (text.contains(at) && self.focus == Focus::Stage).then_some(Action::OtherSide)
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        if self.finished {
            return self.draw_done(area, buffer, world);
        }
        let (text, stage) = self.panes(area, world);
        if let Some(page) = self.page(world).filter(|_| !text.is_empty()) {
            text::draw(text, buffer, world, &page);
        }
        if let Some(it) = &self.stage {
            it.draw(stage, buffer, world, self.focus == Focus::Stage);
        }
    }
}

/// Keys the text needs while it has them.
fn is_arrow(binding: &Binding) -> bool {
    let arrows = [KeyCode::Up, KeyCode::Down, KeyCode::Enter, KeyCode::Tab, KeyCode::Esc];
    let taken = [Key::char('n'), Key::char('b'), Key::char('l'), Key::char('j'), Key::char('q')];
    binding.keys.iter().any(|key| arrows.contains(&key.code) || taken.contains(key))
}
