//! A quiz or a drill: questions one after the other, each kept before its feedback, then the result.
//!
//! ```text
//! ┌ question 3 of 15 ────────┐┌ packets ───────────────────────────┐
//! │ prompt, options          ││ the run a question is about,       │
//! │ verdict, why, source     ││ where it has one to look at        │
//! └──────────────────────────┘└────────────────────────────────────┘
//! ```
mod behind;
mod result;

use std::cell::Cell;
use std::time::Duration;

use crossterm::event::KeyCode;
use jiff::civil::Date;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Widget};

use super::Screen;
use crate::content::Kind;
use crate::practice::drill::Filter;
use crate::practice::grade::FULL;
use crate::practice::{self, Answer, Attempt, Context, Grade, Item, Place as Spot, Sitting, Wish};
use crate::progress::OpenSitting;
use crate::tui::FRAME;
use crate::tui::action::{Action, Binding, DrillWish, Effect, Key, Outcome};
use crate::tui::app::World;
use crate::tui::asking::{Asking, State};
use crate::tui::course;
use crate::tui::learner::{Keep, Kept};
use crate::tui::stage::Stage;
use crate::tui::widgets::field::Field;

/// How many questions a drill asks when nobody says.
pub const DRILL_COUNT: usize = 12;

/// What a sitting is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    Quiz { chapter: String },
    Drill { wish: Wish },
}

/// A quiz or drill under way, or its result.
pub struct Session {
    topic: Topic,
    /// What will be asked, until the store has begun it.
    wished: Vec<Item>,
    sitting: Option<(String, Sitting)>,
    /// The interview's day, to be kept when the drill begins.
    until: Option<Date>,
    /// The grade of each item answered.
    grades: Vec<Option<Grade>>,
    /// The attempt of each item asked: the result tells with its numbers.
    attempts: Vec<Option<Attempt>>,
    /// What was answered: chosen values make the run that is shown.
    answers: Vec<Option<Answer>>,
    at: usize,
    asking: Option<Asking>,
    /// What was typed while the question was on its way.
    early: Field,
    /// Why an item cannot be asked.
    broken: Option<String>,
    /// Items that could not be asked.
    left_out: Vec<u32>,
    /// The run the question is about.
    stage: Option<Stage>,
    on_stage: bool,
    passed: Duration,
    /// The row under the cursor of the result.
    row: usize,
    /// How many lines of the result were scrolled past its row.
    down: usize,
    /// How many there are to scroll, where it was drawn last.
    most_down: Cell<usize>,
    over: bool,
    /// It asks what was missed, and nothing else.
    of_misses: bool,
}

impl Session {
    /// A chapter's quiz: the one that was left, or a new draw.
    ///
    /// # Errors
    /// When there is no such chapter, or it has no questions yet.
    pub fn quiz(chapter: &str, world: &World) -> Result<Self, String> {
        let found = world.content.chapter(chapter).ok_or_else(|| format!("There is no chapter {chapter}."))?;
        if found.quiz.questions.is_empty() {
            return Err(format!("{} has no quiz yet.", found.id));
        }
        let is_this =
            |it: &&OpenSitting| it.sitting.chapter.as_deref() == Some(&found.id) && it.sitting.context == Context::Quiz;
        if let Some(open) = world.learner.open.iter().find(is_this) {
            return Ok(Self::resumed(open));
        }
        let items = practice::drill::quiz(found, &world.learner.memories, found.quiz.length, world.fresh_seed());
        Ok(Self::new(Topic::Quiz { chapter: found.id.clone() }, items))
    }

    /// A drill over what is due and what is new; without a wish, the one that was left.
    ///
    /// # Errors
    /// When no question fits the wish.
    pub fn drill(wish: &DrillWish, world: &World) -> Result<Self, String> {
        let left = world.learner.open.iter().find(|it| it.sitting.context == Context::Drill);
        if let (Some(open), true) = (left, *wish == DrillWish::default()) {
            return Ok(Self::resumed(open));
        }
        let filter = Filter {
            tags: wish.wish.tags.clone(),
            count: wish.wish.count.unwrap_or(DRILL_COUNT),
            minutes: wish.wish.minutes,
            until: wish.until.or(world.learner.interview),
            begun: course::begun(&world.content, &world.learner),
            ..Filter::default()
        };
        let items =
            practice::drill::plan(&world.content, &world.learner.memories, world.today, &filter, world.fresh_seed());
        if items.is_empty() {
            return Err(match wish.wish.tags.as_slice() {
                [] => "There are no questions to drill.".to_owned(),
                tags => format!("No question has the tag {}.", tags.join(" or ")),
            });
        }
        Ok(Self { until: wish.until, ..Self::new(Topic::Drill { wish: wish.wish.clone() }, items) })
    }

    /// A drill of exactly these questions.
    #[must_use]
    pub fn again(questions: &[String], world: &World) -> Self {
        let items = practice::drill::again(questions, world.fresh_seed());
        Self { of_misses: true, ..Self::new(Topic::Drill { wish: Wish::default() }, items) }
    }

    /// A quiz or drill that was left.
    ///
    /// # Errors
    /// When the store knows no such sitting, or it has ended.
    pub fn unfinished(sitting: &str, world: &World) -> Result<Self, String> {
        let open = world.learner.open.iter().find(|it| it.id == sitting);
        open.map(Self::resumed).ok_or_else(|| "It has been finished meanwhile.".to_owned())
    }

    /// A new one with these questions.
    #[must_use]
    pub fn new(topic: Topic, items: Vec<Item>) -> Self {
        let grades = vec![None; items.len()];
        let attempts = vec![None; items.len()];
        let answers = vec![None; items.len()];
        Self {
            topic,
            wished: items,
            sitting: None,
            until: None,
            grades,
            attempts,
            answers,
            at: 0,
            asking: None,
            early: Field::default(),
            broken: None,
            left_out: Vec::new(),
            stage: None,
            on_stage: false,
            passed: Duration::ZERO,
            row: 0,
            down: 0,
            most_down: Cell::new(0),
            over: false,
            of_misses: false,
        }
    }

    /// One that was left: goes on with its first open question.
    #[must_use]
    pub fn resumed(open: &OpenSitting) -> Self {
        let topic = match &open.sitting.chapter {
            Some(chapter) => Topic::Quiz { chapter: chapter.clone() },
            None => Topic::Drill { wish: open.sitting.wish.clone() },
        };
        let mut session = Self::new(topic, open.sitting.items.clone());
        for answered in &open.answers {
            let item = answered.place.as_ref().map_or(usize::MAX, |place| place.item as usize);
            if let (Some(grade), Some(answer)) = (session.grades.get_mut(item), session.answers.get_mut(item)) {
                (*grade, *answer) = (Some(answered.grade.clone()), Some(answered.answer.clone()));
            }
        }
        session.at = session.next_open(0);
        session.passed = open.sitting.spent(&open.answers);
        session.sitting = Some((open.id.clone(), open.sitting.clone()));
        session
    }

    fn items(&self) -> &[Item] {
        self.sitting.as_ref().map_or(&self.wished, |(_, sitting)| &sitting.items)
    }

    const fn context(&self) -> Context {
        match self.topic {
            Topic::Quiz { .. } => Context::Quiz,
            Topic::Drill { .. } => Context::Drill,
        }
    }

    /// The first item from there on that is not answered; one that was left may have gaps.
    fn next_open(&self, from: usize) -> usize {
        let open = |item: &usize| self.grades[*item].is_none();
        (from..self.grades.len()).find(open).unwrap_or(self.grades.len())
    }

    /// Asks for the next question's attempt, or ends the sitting.
    fn ask(&mut self) -> Vec<Effect> {
        self.asking = None;
        self.early = Field::default();
        self.stage = None;
        self.on_stage = false;
        self.broken = None;
        match self.items().get(self.at) {
            Some(item) => vec![Effect::Prepare(item.clone())],
            None => self.end(),
        }
    }

    /// Shows the result; the attempts it tells about and has not seen (answers of an earlier time) are made again.
    fn end(&mut self) -> Vec<Effect> {
        self.over = true;
        self.asking = None;
        self.stage = None;
        let end = self
            .sitting
            .as_ref()
            .map(|(id, _)| Effect::Keep(Keep::End { sitting: id.clone(), left_out: self.left_out.clone() }));
        let told = self.items().iter().zip(&self.grades).zip(&self.attempts);
        let unseen = told.filter(|((_, grade), attempt)| attempt.is_none() && is_missed(grade.as_ref()));
        let again = unseen.map(|((item, _), _)| Effect::Prepare(item.clone()));
        end.into_iter().chain(again).collect()
    }

    fn prepared(&mut self, item: &Item, attempt: &Result<Attempt, String>, world: &World) -> Vec<Effect> {
        if let (Some(at), Ok(attempt)) = (self.items().iter().position(|it| it == item), attempt) {
            self.attempts[at] = Some(attempt.clone());
        }
        if self.over || self.asking.is_some() || self.items().get(self.at) != Some(item) {
            return Vec::new();
        }
        match (attempt, world.content.question(&item.question)) {
            (Ok(attempt), Some(question)) => {
                let place = self
                    .sitting
                    .as_ref()
                    .map(|(id, _)| Spot { sitting: id.clone(), item: u32::try_from(self.at).unwrap_or(u32::MAX) });
                let effects = self.look_at_run(question, attempt);
                let mut asking = Asking::new(question.clone(), attempt.clone(), self.context(), place);
                if let Some(words) = world.learner.drafts.get(&(item.question.clone(), item.seed)) {
                    asking.go_on(words);
                } else if asking.is_typing() && !self.early.text.is_empty() {
                    asking.update(&Action::Paste(std::mem::take(&mut self.early.text)));
                }
                self.asking = Some(asking);
                effects
            }
            (Err(message), _) => self.leave_out(message.clone()),
            (Ok(_), None) => self.leave_out(format!("{} is no longer in the content.", item.question)),
        }
    }

    /// The item cannot be asked, and counts nowhere.
    fn leave_out(&mut self, why: String) -> Vec<Effect> {
        self.broken = Some(why);
        self.left_out.push(u32::try_from(self.at).unwrap_or(u32::MAX));
        Vec::new()
    }

    fn kept(&mut self, kept: &Kept) -> Vec<Effect> {
        match kept {
            Kept::Begun { id, sitting } if self.sitting.is_none() && sitting.items == self.wished => {
                self.sitting = Some((id.clone(), sitting.clone()));
                self.ask()
            }
            Kept::Answer { question, seed } => {
                if let Some(asking) = &mut self.asking
                    && asking.kept(question, *seed)
                {
                    self.grades[self.at] = asking.grade().cloned();
                    self.answers[self.at] = asking.answered().cloned();
                    return self.uncover();
                }
                Vec::new()
            }
            Kept::NotKept { message } => {
                if let Some(asking) = &mut self.asking {
                    asking.not_kept();
                } else if self.sitting.is_none() {
                    self.broken = Some(message.clone());
                }
                Vec::new()
            }
            Kept::Draft { question, seed } => {
                self.asking.iter_mut().for_each(|asking| asking.drafted(question, *seed));
                Vec::new()
            }
            Kept::Begun { .. } | Kept::Noted => Vec::new(),
        }
    }

    fn next(&mut self) -> Vec<Effect> {
        self.at = self.next_open(self.at + 1);
        let is_late = match &self.topic {
            Topic::Drill { wish: Wish { minutes: Some(minutes), .. } } => {
                self.passed >= Duration::from_secs(u64::from(*minutes) * 60)
            }
            _ => false,
        };
        if is_late { self.end() } else { self.ask() }
    }

    /// Whether a question is on its way: what is typed meanwhile is kept for it.
    const fn is_preparing(&self) -> bool {
        self.asking.is_none() && self.broken.is_none() && self.sitting.is_some() && !self.over
    }

    /// What is done before the question can be asked, and what was typed for it.
    fn draw_preparing(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let question = self.items().get(self.at).and_then(|item| world.content.question(&item.question));
        let runs =
            |kind: &Kind| matches!(kind, Kind::Predict { .. } | Kind::Field(_) | Kind::Design(_) | Kind::Exercise(_));
        let what = if question.is_some_and(|it| runs(&it.kind)) { "run" } else { "question" };
        Line::styled(format!("Preparing the {what} …"), world.theme.dim).render(area, buffer);
        if !self.early.text.is_empty() {
            let below = Rect { y: area.y + 2, height: area.height.saturating_sub(2).min(1), ..area };
            self.early.draw(below, buffer, &world.theme, "");
        }
    }

    fn is_answered(&self) -> bool {
        self.asking.as_ref().is_some_and(|asking| matches!(asking.state, State::Graded(..)))
    }

    fn panes(&self, area: Rect, world: &World) -> (Rect, Rect) {
        if self.stage.is_none() {
            let [column] = Layout::horizontal([Constraint::Max(88)]).flex(ratatui::layout::Flex::Center).areas(area);
            return (column, Rect::default());
        }
        if self.on_stage && self.stage.as_ref().is_some_and(Stage::is_zoomed) {
            return (Rect::default(), area);
        }
        if area.width >= 110 {
            let [left, right] = Layout::horizontal([Constraint::Percentage(42), Constraint::Min(0)]).areas(area);
            return (left, right);
        }
        // No taller than what it says, so that the run has the rest.
        let most = area.height * if self.on_stage { 35 } else { 60 } / 100;
        let height = self.asking.as_ref().map_or(most, |it| it.height(area.width, &world.theme)).min(most);
        let [top, bottom] = Layout::vertical([Constraint::Length(height), Constraint::Min(0)]).areas(area);
        (top, bottom)
    }
}

impl Session {
    /// The keys while the run beside the question has them: esc leads back to the question, whatever tab does there.
    fn stage_bindings(&self) -> Vec<Binding> {
        let mut all = self.stage.as_ref().map(Stage::bindings).unwrap_or_default();
        if self.is_typing() {
            return all;
        }
        let label = if self.is_answered() { "to the question" } else { "to your answer" };
        let keeps_tab = self.stage.as_ref().is_some_and(Stage::keeps_tab);
        let keys = [Key::code(KeyCode::Esc), Key::code(KeyCode::Tab)];
        let keys = keys.into_iter().take(if keeps_tab { 1 } else { 2 });
        let back = Binding::new(keys, label, Action::OtherSide).first();
        // Before the stage's own: one that ends with these keys (its knobs) has them while it lasts.
        let at = if all.iter().any(|it| it.keys.contains(&Key::code(KeyCode::Esc))) { all.len() } else { 0 };
        all.insert(at, back);
        all
    }
}

/// Whether there is something to go through again: answered, and not all right.
fn is_missed(grade: Option<&Grade>) -> bool {
    grade.is_some_and(|grade| grade.points_ppm < FULL)
}

impl Screen for Session {
    fn title(&self, world: &World) -> String {
        match &self.topic {
            Topic::Quiz { chapter } => {
                let title = world.content.chapter(chapter).map(|it| it.title.clone()).unwrap_or_default();
                format!("Quiz › {chapter} {title}")
            }
            Topic::Drill { .. } if self.of_misses => "Drill: what was missed".to_owned(),
            Topic::Drill { .. } => "Drill".to_owned(),
        }
    }

    fn status(&self, _world: &World) -> String {
        if self.over { "result".to_owned() } else { format!("question {} of {}", self.at + 1, self.items().len()) }
    }

    fn bindings(&self, world: &World) -> Vec<Binding> {
        if self.over {
            return self.result_bindings(world);
        }
        let leave = Binding::new([Key::code(KeyCode::Esc)], "go on later", Action::Back);
        if self.on_stage {
            return self.stage_bindings();
        }
        let mut all = Vec::new();
        if self.is_answered() {
            all.push(Binding::new([Key::code(KeyCode::Enter), Key::char('n')], "next", Action::NextStep));
            if self.behind().is_some() {
                all.push(Binding::new([Key::char('m')], "show me", Action::ShowMe));
            }
        } else if self.broken.is_some() {
            all.push(Binding::new([Key::code(KeyCode::Enter)], "go on without it", Action::NextStep));
        }
        all.extend(self.asking.as_ref().map(Asking::bindings).unwrap_or_default());
        if let Some(stage) = &self.stage {
            let label = if stage.shows_packets() { "to the packets" } else { "to the run" };
            all.push(Binding::new([Key::code(KeyCode::Tab)], label, Action::OtherSide).first());
        }
        all.push(leave);
        all
    }

    fn is_typing(&self) -> bool {
        if self.on_stage {
            return self.stage.as_ref().is_some_and(Stage::is_typing);
        }
        self.is_preparing() || self.asking.as_ref().is_some_and(Asking::is_typing)
    }

    fn pace(&self) -> Option<Duration> {
        let clock = matches!(self.topic, Topic::Drill { wish: Wish { minutes: Some(_), .. } }) && !self.over;
        self.stage.as_ref().filter(|stage| stage.is_moving()).map(|_| FRAME).or(clock.then_some(Duration::from_secs(1)))
    }

    fn entered(&mut self, _world: &World) -> Vec<Effect> {
        if self.over || self.asking.is_some() {
            return Vec::new();
        }
        if self.sitting.is_some() {
            return self.ask();
        }
        let chapter = if let Topic::Quiz { chapter } = &self.topic { Some(chapter.clone()) } else { None };
        let interview = self.until.take().map(|date| Effect::Keep(Keep::Interview(Some(date))));
        let wish = if let Topic::Drill { wish } = &self.topic { wish.clone() } else { Wish::default() };
        let begin = Keep::Begin { context: self.context(), chapter, items: self.wished.clone(), wish };
        interview.into_iter().chain([Effect::Keep(begin)]).collect()
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        if let Action::Tick(passed) = action {
            self.passed += passed;
        }
        match action {
            Action::Back => return vec![Effect::Back],
            _ if self.over => return self.update_result(&action, world),
            Action::OtherSide => {
                self.on_stage = !self.on_stage && self.stage.is_some();
                self.stage.iter_mut().for_each(Stage::left);
            }
            Action::NextStep => return self.next(),
            Action::ShowMe => return self.behind().into_iter().collect(),
            other if self.on_stage || matches!(other, Action::Tick(_)) => {
                return self.stage.as_mut().and_then(|stage| stage.update(&other)).unwrap_or_default();
            }
            Action::Type(key) if self.is_preparing() => self.early.key(key),
            Action::Paste(text) if self.is_preparing() => self.early.paste(&text),
            other => return self.asking.as_mut().map(|asking| asking.update(&other)).unwrap_or_default(),
        }
        Vec::new()
    }

    fn done(&mut self, outcome: &Outcome, world: &World) -> Vec<Effect> {
        match outcome {
            Outcome::Prepared { item, attempt } => self.prepared(item, attempt, world),
            Outcome::Kept(kept) => self.kept(kept),
            Outcome::Judged { question, seed, answer, graded } => {
                self.asking.as_mut().map(|it| it.judged((question, *seed), answer, graded)).unwrap_or_default()
            }
            other => self.stage.as_mut().map(|stage| stage.done(other)).unwrap_or_default(),
        }
    }

    fn click(&self, area: Rect, at: Position, world: &World) -> Option<Action> {
        let (question, stage) = self.panes(area, world);
        if stage.contains(at) {
            let inside = self.stage.as_ref().and_then(|it| it.click(stage, at, world));
            return inside.or((!self.on_stage).then_some(Action::OtherSide));
        }
        (question.contains(at) && self.on_stage).then_some(Action::OtherSide)
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let theme = &world.theme;
        if self.over {
            return self.draw_result(area, buffer, world);
        }
        let (question, stage) = self.panes(area, world);
        let border = if self.on_stage { theme.border } else { theme.focus };
        let block = Block::bordered()
            .border_style(border)
            .style(theme.text)
            .padding(Padding::horizontal(1))
            .title(Span::styled(format!(" {} of {} ", self.at + 1, self.items().len()), theme.title));
        let inner = block.inner(question);
        block.render(question, buffer);
        match (&self.asking, &self.broken) {
            _ if question.is_empty() => {}
            (Some(asking), _) => asking.draw(inner, buffer, theme),
            (None, Some(message)) => Line::styled(format!("! {message}"), theme.warn).render(inner, buffer),
            (None, None) => self.draw_preparing(inner, buffer, world),
        }
        if let Some(it) = &self.stage {
            it.draw(stage, buffer, world, self.on_stage);
        }
    }
}
