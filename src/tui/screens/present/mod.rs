//! Present: a lesson for a room. Blocks and answers come when a key says so; hands are counted; a clock runs.
//!
//! ```text
//! ┌ Three segments before the first byte ──┐┌ sequence ───────────────┐
//! │ revealed block by block                ││ the demo                │
//! │ 1) 80 ms   before ████ 4  after ██ 2   ││                         │
//! └────────────────────────────────────────┘└─────────────────────────┘
//! ```
mod poll;

use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Widget};

use self::poll::{Poll, wrapped};
use super::Screen;
use super::lesson::RunFacts;
use crate::content::{Lesson, layout};
use crate::tui::FRAME;
use crate::tui::action::{Action, Binding, Effect, Key, Outcome};
use crate::tui::app::World;
use crate::tui::learner::Keep;
use crate::tui::stage::Stage;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::prose;

/// From this width on, slide and demo stand side by side.
const WIDE: u16 = 100;

/// Questions for the room after the last step.
const QUESTIONS: usize = 3;

/// What the room looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slide {
    Step(usize),
    /// The prediction of a step, asked before its run is shown.
    Predict(usize),
    /// A question of the chapter that the lesson covers, by id.
    Question(String),
}

/// A lesson in front of a room.
pub struct Present {
    id: String,
    slides: Vec<Slide>,
    at: usize,
    /// Blocks of the step on show.
    revealed: usize,
    poll: Option<Poll>,
    stage: Option<Stage>,
    on_stage: bool,
    passed: Duration,
}

impl Present {
    /// Opens a lesson by its id.
    ///
    /// # Errors
    /// When there is no such lesson.
    pub fn open(id: &str, world: &World) -> Result<Self, String> {
        let (lesson, _) = crate::tui::course::meant(&world.content, &world.learner, Some(id))?;
        let demo = lesson.run_at(lesson.steps.len());
        let stage = demo.and_then(|demo| Stage::new(&demo, world.seed).ok());
        let slides = slides(lesson, world);
        Ok(Self {
            id: lesson.id.clone(),
            slides,
            at: 0,
            revealed: 1,
            poll: None,
            stage,
            on_stage: false,
            passed: Duration::ZERO,
        })
    }

    fn lesson<'a>(&self, world: &'a World) -> Option<&'a Lesson> {
        world.content.lesson(&self.id).map(|(_, lesson)| lesson)
    }

    /// Puts everything where this slide wants it.
    fn arrive(&mut self, world: &World) -> Vec<Effect> {
        self.revealed = 1;
        self.poll = None;
        let Some(lesson) = self.lesson(world) else { return Vec::new() };
        match self.slides.get(self.at).cloned() {
            Some(Slide::Step(index)) => self.arrive_at(lesson, index, false),
            Some(Slide::Predict(index)) => {
                let effects = self.arrive_at(lesson, index, true);
                self.ask(world);
                effects
            }
            Some(Slide::Question(id)) => {
                self.poll = world.content.question(&id).and_then(Poll::of_question);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn arrive_at(&mut self, lesson: &Lesson, index: usize, veiled: bool) -> Vec<Effect> {
        let Some(stage) = &mut self.stage else { return Vec::new() };
        let effects = lesson.run_at(index).map(|run| stage.set(&run)).unwrap_or_default();
        if let Some(show) = lesson.steps.get(index).and_then(|step| step.show.as_ref()) {
            stage.show(show);
        }
        stage.veil(veiled);
        effects
    }

    /// Asks a step's prediction, once its run is there.
    fn ask(&mut self, world: &World) {
        let Some(Slide::Predict(index)) = self.slides.get(self.at) else { return };
        let recording = self.stage.as_ref().and_then(Stage::asked_for);
        let predict = self.lesson(world).and_then(|lesson| lesson.steps.get(*index)?.predict.as_ref());
        if let (Some(predict), Some(recording), None) = (predict, recording, &self.poll) {
            self.poll = Poll::of_predict(format!("{}#{}", self.id, index + 1), predict, recording);
        }
    }

    fn blocks(&self, world: &World) -> usize {
        match self.slides.get(self.at) {
            Some(Slide::Step(index)) => {
                self.lesson(world).and_then(|lesson| lesson.steps.get(*index)).map_or(1, |step| step.blocks.len())
            }
            _ => 1,
        }
    }

    fn forward(&mut self, world: &World) -> Vec<Effect> {
        if let Some(poll) = self.poll.as_mut().filter(|poll| !poll.revealed) {
            poll.revealed = true;
            self.stage.iter_mut().for_each(|stage| stage.veil(false));
            return Vec::new();
        }
        if self.revealed < self.blocks(world) {
            self.revealed += 1;
            return Vec::new();
        }
        if self.at + 1 >= self.slides.len() {
            return vec![Effect::Say("That was the last slide; esc leaves.".to_owned())];
        }
        self.at += 1;
        self.arrive(world)
    }

    fn hands(&mut self) -> Vec<Effect> {
        let Some(poll) = &mut self.poll else { return Vec::new() };
        let counted = poll.count();
        let vote = counted.map(|(round, hands)| Effect::Keep(Keep::Vote { question: poll.id.clone(), round, hands }));
        vote.into_iter().collect()
    }

    fn panes(&self, area: Rect) -> (Rect, Rect) {
        let is_question = matches!(self.slides.get(self.at), Some(Slide::Question(_)));
        // In a narrow room a poll, with its answers and its hands, needs all there is; the demo is a key away.
        let is_narrow_poll = area.width < WIDE && self.poll.is_some() && !self.on_stage;
        if self.stage.is_none() || is_question || is_narrow_poll {
            return (area, Rect::default());
        }
        if area.width >= WIDE {
            let [left, right] = Layout::horizontal([Constraint::Percentage(45), Constraint::Min(0)]).areas(area);
            return (left, right);
        }
        let share = if self.on_stage { 40 } else { 60 };
        let [top, bottom] = Layout::vertical([Constraint::Percentage(share), Constraint::Min(0)]).areas(area);
        (top, bottom)
    }

    fn lines(&self, world: &World, width: usize) -> Vec<Line<'static>> {
        let theme = &world.theme;
        if let Some(poll) = &self.poll {
            return poll.lines(width, theme);
        }
        let Some(Slide::Step(index)) = self.slides.get(self.at) else { return Vec::new() };
        let Some(step) = self.lesson(world).and_then(|lesson| lesson.steps.get(*index)) else { return Vec::new() };
        let facts = RunFacts {
            recording: self.stage.as_ref().and_then(Stage::asked_for),
            knobs: self.stage.as_ref().map(Stage::knobs),
        };
        let shown = &step.blocks[..self.revealed.min(step.blocks.len())];
        let mut lines = prose::lines(&layout::rows(shown, width, &facts), theme);
        if shown.len() < step.blocks.len() {
            lines.push(Line::default());
            lines.push(Line::styled("⋯", theme.dim));
        }
        lines
    }

    fn slide_title(&self, world: &World) -> String {
        match self.slides.get(self.at) {
            Some(Slide::Step(index)) => self
                .lesson(world)
                .and_then(|lesson| lesson.steps.get(*index))
                .map_or_else(String::new, |it| it.title.clone()),
            Some(Slide::Predict(_)) => "What do you expect?".to_owned(),
            _ => "A question to the room".to_owned(),
        }
    }
}

/// Every step; its prediction after it; then questions of the chapter on what the lesson covers.
fn slides(lesson: &Lesson, world: &World) -> Vec<Slide> {
    let mut all = Vec::new();
    for (index, step) in lesson.steps.iter().enumerate() {
        if !step.blocks.is_empty() {
            all.push(Slide::Step(index));
        }
        if step.predict.is_some() {
            all.push(Slide::Predict(index));
        }
    }
    let fits = |question: &&crate::content::Question| {
        question.covers.iter().any(|row| lesson.covers.contains(row)) && Poll::of_question(question).is_some()
    };
    let questions = world.content.questions().filter(fits).take(QUESTIONS);
    all.extend(questions.map(|question| Slide::Question(question.id.clone())));
    all
}

impl Screen for Present {
    fn title(&self, world: &World) -> String {
        self.lesson(world).map(|lesson| format!("Present › {}", lesson.title)).unwrap_or_default()
    }

    fn status(&self, _world: &World) -> String {
        let seconds = self.passed.as_secs();
        format!("{:02}:{:02}   slide {} of {}", seconds / 60, seconds % 60, self.at + 1, self.slides.len())
    }

    fn bindings(&self, _world: &World) -> Vec<Binding> {
        if let Some(stage) = self.stage.as_ref().filter(|it| self.on_stage && it.is_typing()) {
            return stage.bindings();
        }
        if self.is_typing() {
            return vec![
                Binding::new([Key::code(KeyCode::Enter)], "count them", Action::Submit),
                Binding::new([Key::code(KeyCode::Esc)], "leave it", Action::Skip),
            ];
        }
        let other = if self.on_stage { "to the slide" } else { "to the demo" };
        let mut all = Vec::new();
        if !self.on_stage {
            let next = match &self.poll {
                Some(poll) if !poll.revealed => "show the answer",
                _ => "next",
            };
            all.push(Binding::new(
                [Key::char(' '), Key::code(KeyCode::Enter), Key::code(KeyCode::PageDown)],
                next,
                Action::Reveal,
            ));
            all.push(Binding::new(
                [Key::code(KeyCode::Backspace), Key::char('b'), Key::code(KeyCode::PageUp)],
                "back",
                Action::PreviousStep,
            ));
            if self.poll.as_ref().is_some_and(|poll| !poll.revealed) {
                all.push(Binding::new([Key::char('h')], "count hands", Action::Votes));
            }
        }
        let is_kept = self.on_stage && self.stage.as_ref().is_some_and(Stage::keeps_tab);
        if self.stage.is_some() && !is_kept {
            all.push(Binding::new([Key::code(KeyCode::Tab)], other, Action::OtherSide));
        }
        if self.on_stage {
            all.extend(self.stage.as_ref().map(Stage::bindings).unwrap_or_default());
        }
        let leaves = self.stage.as_ref().and_then(Stage::open_on_top).unwrap_or("leave");
        all.push(Binding::new([Key::code(KeyCode::Esc), Key::char('q')], leaves, Action::Back));
        all
    }

    fn is_typing(&self) -> bool {
        let on_stage = self.on_stage && self.stage.as_ref().is_some_and(Stage::is_typing);
        on_stage || self.poll.as_ref().is_some_and(|poll| poll.typing.is_some())
    }

    fn pace(&self) -> Option<Duration> {
        let moves = self.stage.as_ref().is_some_and(Stage::is_moving);
        Some(if moves { FRAME } else { Duration::from_secs(1) })
    }

    fn entered(&mut self, world: &World) -> Vec<Effect> {
        let mut effects = self.stage.as_mut().map(Stage::start).unwrap_or_default();
        effects.extend(self.arrive(world));
        effects
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        match action {
            Action::Tick(passed) => {
                self.passed += passed;
                return self.stage.as_mut().and_then(|stage| stage.update(&action)).unwrap_or_default();
            }
            Action::Back if self.stage.as_mut().is_some_and(Stage::close_top) => return Vec::new(),
            Action::Back => return vec![Effect::Back],
            Action::Reveal => return self.forward(world),
            Action::PreviousStep => {
                self.at = self.at.saturating_sub(1);
                return self.arrive(world);
            }
            Action::OtherSide => {
                self.on_stage = !self.on_stage;
                self.stage.iter_mut().for_each(Stage::left);
            }
            Action::Votes => self.poll.iter_mut().for_each(|poll| poll.typing = Some(Field::default())),
            Action::Submit => return self.hands(),
            Action::Skip => self.poll.iter_mut().for_each(|poll| poll.typing = None),
            Action::Type(key) if !self.on_stage => {
                let field = self.poll.as_mut().and_then(|poll| poll.typing.as_mut());
                field.into_iter().for_each(|field| field.key(key));
            }
            other => return self.stage.as_mut().and_then(|stage| stage.update(&other)).unwrap_or_default(),
        }
        Vec::new()
    }

    fn done(&mut self, outcome: &Outcome, world: &World) -> Vec<Effect> {
        let effects = self.stage.as_mut().map(|stage| stage.done(outcome)).unwrap_or_default();
        self.ask(world);
        effects
    }

    fn click(&self, area: Rect, at: Position, world: &World) -> Option<Action> {
        let (_, stage) = self.panes(area);
        let inside = self.stage.as_ref().filter(|_| stage.contains(at)).and_then(|it| it.click(stage, at, world));
        inside.or((stage.contains(at) != self.on_stage).then_some(Action::OtherSide))
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let theme = &world.theme;
        let (slide, stage) = self.panes(area);
        let border = if self.on_stage { theme.border } else { theme.focus };
        let block = Block::bordered()
            .border_style(border)
            .padding(if slide.height < 12 { Padding::horizontal(3) } else { Padding::new(3, 3, 1, 1) })
            .title(Span::styled(format!(" {} ", self.slide_title(world)), theme.title));
        let inner = block.inner(slide);
        block.render(slide, buffer);
        let width = usize::from(inner.width).min(84);
        let mut lines = self.lines(world, width);
        if let Some((field, poll)) = self.poll.as_ref().and_then(|poll| Some((poll.typing.as_ref()?, poll))) {
            lines.push(Line::default());
            lines.push(Line::styled(format!("hands for each option ▸ {}▏", field.text), theme.key));
            lines.extend(poll.wrong.iter().flat_map(|wrong| wrapped(wrong, "", width, theme.warn)));
        }
        // What came last is what the room is looking at.
        let first = lines.len().saturating_sub(usize::from(inner.height));
        for (row, line) in inner.rows().zip(&lines[first..]) {
            line.render(row, buffer);
        }
        if let Some(it) = self.stage.as_ref().filter(|_| !stage.is_empty()) {
            it.draw(stage, buffer, world, self.on_stage);
        }
    }
}
