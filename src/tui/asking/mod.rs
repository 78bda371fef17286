//! Asking one question: the attempt, the answer in the making, hints, confidence, and the feedback.
mod draft;
mod draw;
mod feedback;

use std::cell::Cell;

use crossterm::event::KeyCode;
pub use draft::Draft;

use crate::content::{Kind, Question};
use crate::practice::{Answer, Attempt, Confidence, Context, Grade, Place, Unreadable, grade};
use crate::tui::action::{Action, Binding, Effect, Key};
use crate::tui::learner::{Given, Keep};
use crate::tui::runs::DemoRuns;

/// A question on the screen.
pub struct Asking {
    pub question: Question,
    pub attempt: Attempt,
    pub draft: Draft,
    /// How many hints are on show.
    pub hints: usize,
    pub confidence: Option<Confidence>,
    pub state: State,
    /// Why what was typed is no answer.
    pub unreadable: Option<String>,
    context: Context,
    place: Option<Place>,
    scroll: usize,
    /// How many lines above what must be in sight the learner looks.
    above: usize,
    /// How far the text can be scrolled where it was drawn last.
    most: Cell<usize>,
}

/// Lines that a page key scrolls by.
const PAGE: usize = 8;

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    /// The run that judges the answer is being made.
    Judging(Answer),
    /// The answer is on its way to the store; the feedback waits for it.
    Keeping(Answer, Grade),
    Graded(Answer, Grade),
}

impl Asking {
    #[must_use]
    pub fn new(question: Question, attempt: Attempt, context: Context, place: Option<Place>) -> Self {
        let draft = Draft::new(&question, &attempt);
        let (hints, confidence, state, unreadable, scroll) = (0, None, State::Open, None, 0);
        let (above, most) = (0, Cell::new(usize::MAX));
        Self { question, attempt, draft, hints, confidence, state, unreadable, context, place, scroll, above, most }
    }

    /// The grade, once it may be shown.
    #[must_use]
    pub const fn grade(&self) -> Option<&Grade> {
        match &self.state {
            State::Graded(_, grade) => Some(grade),
            State::Open | State::Judging(_) | State::Keeping(..) => None,
        }
    }

    /// The answer that was graded.
    #[must_use]
    pub const fn answered(&self) -> Option<&Answer> {
        match &self.state {
            State::Graded(answer, _) => Some(answer),
            State::Open | State::Judging(_) | State::Keeping(..) => None,
        }
    }

    #[must_use]
    pub const fn is_typing(&self) -> bool {
        matches!(self.state, State::Open) && self.draft.is_typing()
    }

    /// The keys that work on the question now.
    #[must_use]
    pub fn bindings(&self) -> Vec<Binding> {
        if self.state != State::Open {
            return vec![
                Binding::new([Key::code(KeyCode::Down), Key::char('j')], "scroll", Action::Down),
                Binding::quiet([Key::code(KeyCode::Up), Key::char('k')], "scroll back", Action::Up),
                Binding::quiet([Key::code(KeyCode::PageDown)], "page down", Action::PageDown),
                Binding::quiet([Key::code(KeyCode::PageUp)], "page up", Action::PageUp),
                Binding::quiet([Key::code(KeyCode::End)], "to the end", Action::Last),
                Binding::quiet([Key::code(KeyCode::Home)], "to the question", Action::First),
            ];
        }
        let mut all = vec![Binding::new([Key::code(KeyCode::Enter)], self.enter_label(), Action::Submit)];
        all.extend(draft_bindings(&self.draft, self.attempt.options().len()));
        // The control forms work everywhere; where nothing is typed, so do the bare letters.
        let is_typing = self.draft.is_typing();
        let keys = |letter: char, control: char| {
            [Key::char(letter), Key::control(control)].into_iter().skip(usize::from(is_typing))
        };
        if self.hints < self.attempt.hints.len() {
            all.push(Binding::new(keys('h', 't'), "hint", Action::Hint));
        }
        all.push(Binding::new(keys('s', 'k'), "skip", Action::Skip));
        all.push(Binding::new(keys('c', 's'), "how sure", Action::Confidence));
        all.push(Binding::quiet([Key::code(KeyCode::PageUp)], "the text above", Action::PageUp));
        all.push(Binding::quiet([Key::code(KeyCode::PageDown)], "the text below", Action::PageDown));
        all
    }

    const fn enter_label(&self) -> &'static str {
        match &self.draft {
            Draft::Explain { met: None, .. } => "compare",
            _ => "answer",
        }
    }

    /// Takes a key's action. The effect is the answer to keep, when there is one.
    pub fn update(&mut self, action: &Action) -> Vec<Effect> {
        if self.state != State::Open {
            self.scrolled(action);
            return Vec::new();
        }
        match action {
            Action::PageUp => self.above = self.above.min(self.most.get()).saturating_add(PAGE),
            Action::PageDown => self.above = self.above.min(self.most.get()).saturating_sub(PAGE),
            Action::Submit => return self.submit(),
            Action::Skip => return self.answer(self.draft.skipped()),
            Action::Hint => self.hints = (self.hints + 1).min(self.attempt.hints.len()),
            Action::Confidence => {
                self.confidence = match self.confidence {
                    None => Some(Confidence::Sure),
                    Some(Confidence::Sure) => Some(Confidence::Unsure),
                    Some(Confidence::Unsure) => Some(Confidence::Guess),
                    Some(Confidence::Guess) => None,
                };
            }
            other => {
                self.unreadable = None;
                self.above = 0;
                self.draft.update(other, &self.attempt);
            }
        }
        Vec::new()
    }

    /// Scrolls the feedback. How far that goes is known once it has been drawn.
    fn scrolled(&mut self, action: &Action) {
        let now = self.scroll.min(self.most.get());
        self.scroll = match action {
            Action::Down | Action::Scroll { down: true, .. } => now.saturating_add(1),
            Action::Up | Action::Scroll { down: false, .. } => now.saturating_sub(1),
            Action::PageDown => now.saturating_add(PAGE),
            Action::PageUp => now.saturating_sub(PAGE),
            Action::Last => usize::MAX,
            Action::First => 0,
            _ => now,
        };
    }

    fn submit(&mut self) -> Vec<Effect> {
        if let Draft::Explain { text, met: None, .. } = &self.draft {
            // The model answer is feedback too: what the learner said is kept before it is shown.
            let (question, seed, text) = (self.question.id.clone(), self.attempt.seed, text.text.clone());
            return vec![Effect::Keep(Keep::Draft { question, seed, text })];
        }
        // An empty list may be meant, or enter was pressed twice.
        if let Draft::Explain { met: Some(met), .. } = &self.draft
            && !met.contains(&true)
            && self.unreadable.is_none()
        {
            self.unreadable = Some("Tick what you said: space ticks. Enter again if it was none of it.".to_owned());
            return Vec::new();
        }
        if let Draft::Judge { says: Some(false), is_said: is_said @ false, .. } = &mut self.draft
            && !self.attempt.options().is_empty()
        {
            *is_said = true;
            return Vec::new();
        }
        match self.draft.answer(&self.attempt) {
            Some(answer) => self.answer(answer),
            None => {
                self.unreadable = Some(self.missing().to_owned());
                Vec::new()
            }
        }
    }

    const fn missing(&self) -> &'static str {
        match &self.draft {
            Draft::Choose { .. } => "Tick at least one: space ticks, enter answers.",
            Draft::Judge { says: None, .. } => "Say first whether it is true (1 or t) or false (2 or f).",
            Draft::Judge { .. } => "Choose what holds instead: arrows or its digit, then enter.",
            Draft::Pair { .. } => "Every left side needs a right side: its digit chooses it.",
            Draft::Arrange { .. } => "Arrange them first; s skips the question.",
            Draft::Write(_) | Draft::Fill { .. } | Draft::Explain { .. } => {
                "Write an answer first; ^k (ctrl and k) skips the question."
            }
        }
    }

    /// Grades, and asks the store to keep it; the feedback comes when it is kept. Chosen values are judged by a run first.
    fn answer(&mut self, answer: Answer) -> Vec<Effect> {
        if self.attempt.design().is_none() || answer == Answer::Skipped {
            let graded = grade(&self.question, &self.attempt, &answer, &DemoRuns);
            return self.graded(answer, graded);
        }
        match self.attempt.judged_by(&answer, &DemoRuns) {
            Ok(_) => {
                self.unreadable = None;
                self.state = State::Judging(answer.clone());
                let (question, attempt) = (Box::new(self.question.clone()), Box::new(self.attempt.clone()));
                vec![Effect::Judge { question, attempt, answer }]
            }
            Err(unreadable) => self.unread(unreadable),
        }
    }

    /// The run is made: what the chosen values are worth. A grade of another question or of other values is not this one's.
    pub fn judged(
        &mut self,
        (question, seed): (&str, u64),
        judged: &Answer,
        graded: &Result<Grade, Unreadable>,
    ) -> Vec<Effect> {
        let is_ours = self.question.id == question && self.attempt.seed == seed;
        let waits = matches!(&self.state, State::Judging(answer) if answer == judged);
        if is_ours && waits { self.graded(judged.clone(), graded.clone()) } else { Vec::new() }
    }

    fn graded(&mut self, answer: Answer, graded: Result<Grade, Unreadable>) -> Vec<Effect> {
        let grade = match graded {
            Ok(grade) => grade,
            Err(unreadable) => return self.unread(unreadable),
        };
        self.unreadable = None;
        self.state = State::Keeping(answer.clone(), grade.clone());
        vec![Effect::Keep(Keep::Answer(Given {
            question: self.question.id.clone(),
            seed: self.attempt.seed,
            answer,
            grade,
            confidence: self.confidence,
            hints: u8::try_from(self.hints).unwrap_or(u8::MAX),
            context: self.context,
            place: self.place.clone(),
        }))]
    }

    /// It can be written again.
    fn unread(&mut self, unreadable: Unreadable) -> Vec<Effect> {
        self.state = State::Open;
        self.unreadable = Some(unreadable.0);
        Vec::new()
    }

    /// The store has a card's own words: the model answer may be shown.
    pub fn drafted(&mut self, question: &str, seed: u64) {
        let is_ours = self.question.id == question && self.attempt.seed == seed;
        if let (true, Draft::Explain { met: met @ None, .. }, Kind::Card { rubric, .. }) =
            (is_ours, &mut self.draft, &self.question.kind)
        {
            *met = Some(vec![false; rubric.len()]);
        }
    }

    /// Goes on with a card whose own words were kept in an earlier sitting.
    pub fn go_on(&mut self, words: &str) {
        if let Draft::Explain { text, .. } = &mut self.draft {
            text.paste(words);
        }
        let (question, seed) = (self.question.id.clone(), self.attempt.seed);
        self.drafted(&question, seed);
    }

    /// The store has this answer: its feedback may be shown.
    pub fn kept(&mut self, question: &str, seed: u64) -> bool {
        let is_ours = self.question.id == question && self.attempt.seed == seed;
        if let (true, State::Keeping(answer, grade)) = (is_ours, &self.state) {
            self.state = State::Graded(answer.clone(), grade.clone());
            return true;
        }
        false
    }

    /// The store could not keep it: the answer can be given again.
    pub fn not_kept(&mut self) {
        if matches!(self.state, State::Keeping(..)) {
            self.state = State::Open;
        }
    }
}

fn draft_bindings(draft: &Draft, options: usize) -> Vec<Binding> {
    let arrows = || {
        vec![
            Binding::quiet([Key::code(KeyCode::Down), Key::char('j')], "down", Action::Down),
            Binding::quiet([Key::code(KeyCode::Up), Key::char('k')], "up", Action::Up),
        ]
    };
    let letters = |first: u8, count: usize| {
        let letter =
            |(index, c): (usize, u8)| Binding::quiet([Key::char(char::from(c))], "this one", Action::Choose(index));
        (first..).take(count).enumerate().map(letter).collect::<Vec<_>>()
    };
    let toggle = |label| Binding::new([Key::char(' ')], label, Action::Toggle);
    match draft {
        Draft::Choose { several, .. } => {
            let mut all = if *several { vec![toggle("tick")] } else { Vec::new() };
            all.extend(arrows());
            all.extend(letters(b'1', options.min(9)));
            all
        }
        Draft::Judge { is_said: false, .. } => vec![
            Binding::new([Key::char('t'), Key::char('1')], "true", Action::Choose(0)),
            Binding::new([Key::char('f'), Key::char('2')], "false", Action::Choose(1)),
            Binding::quiet([Key::code(KeyCode::Up)], "true", Action::Up),
            Binding::quiet([Key::code(KeyCode::Down)], "false", Action::Down),
        ],
        Draft::Judge { .. } => {
            let mut all = arrows();
            all.extend(letters(b'1', options.min(9)));
            all
        }
        Draft::Arrange { held, .. } => {
            let mut all = vec![toggle(if *held { "put down" } else { "take up" })];
            all.extend(arrows());
            all
        }
        Draft::Pair { .. } => {
            let mut all = arrows();
            all.push(Binding::quiet([Key::code(KeyCode::Right)], "next right side", Action::Right));
            all.push(Binding::quiet([Key::code(KeyCode::Left)], "previous right side", Action::Left));
            all.extend(letters(b'1', options.min(9)));
            all
        }
        // Letters are text here.
        Draft::Fill { fields, .. } if fields.len() > 1 => vec![
            Binding::new([Key::code(KeyCode::Down)], "next value", Action::Down),
            Binding::quiet([Key::code(KeyCode::Up)], "value before", Action::Up),
        ],
        Draft::Write(_) | Draft::Fill { .. } | Draft::Explain { met: None, .. } => Vec::new(),
        Draft::Explain { met: Some(met), .. } => {
            let mut all = vec![toggle("said it")];
            all.extend(arrows());
            all.extend(letters(b'1', met.len().min(9)));
            all
        }
    }
}
