//! Home: the map of the course, what is due, where the learner left off.
//!
//! ```text
//! ┌ Your course ──────────────────────────┐┌ W1 OSI model ───────────────┐
//! │ ▸ Continue  One request, peeled  4/9  ││ what you can do after it    │
//! │   Review    12 questions are due      ││                             │
//! │                                       ││                             │
//! │   W1 OSI model …  ▰▰▰▱▱▱▱▱▱▱  3/10    ││                             │
//! │     ✔ Why layers                      ││                             │
//! └───────────────────────────────────────┘└─────────────────────────────┘
//! ```
mod about;
mod rows;

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Widget};

use self::rows::{Row, rows};
use super::Screen;
use crate::tui::action::{Action, Binding, DrillWish, Effect, Key, Place};
use crate::tui::app::World;
use crate::tui::{course, misses};

/// From this width on, what the row is about stands beside the map.
const WIDE: u16 = 100;

/// What stands there until the course is read.
const READING: &str = "Reading the course and what you have done; keys you press meanwhile are not lost.";

/// The first screen.
#[derive(Default)]
pub struct Home {
    row: usize,
    /// The chapter whose lessons are on show, by index; the one in progress until the learner opens another.
    open: Option<usize>,
    /// What was chosen last, to find its row again when rows have come or gone.
    left_at: Option<Row>,
}

impl Home {
    fn rows(&self, world: &World) -> Vec<Row> {
        if !world.is_ready() {
            return Vec::new();
        }
        rows(world, self.open.unwrap_or_else(|| rows::current_chapter(world)))
    }

    fn row(&self, world: &World) -> Option<Row> {
        let all = self.rows(world);
        let last = all.len().checked_sub(1)?;
        all.into_iter().nth(self.row.min(last))
    }

    fn moved(&mut self, to: usize, world: &World) {
        self.row = to.min(self.rows(world).len().saturating_sub(1));
    }

    fn chosen(&mut self, world: &World) -> Vec<Effect> {
        self.left_at = self.row(world);
        let place = match self.row(world) {
            None => return Vec::new(),
            Some(Row::Continue { lesson, step }) => Place::Lesson { id: lesson, step },
            Some(Row::Review) => Place::Drill(DrillWish::default()),
            Some(Row::Unfinished { sitting }) => Place::Unfinished { sitting },
            Some(Row::Chapter(index)) => {
                self.open = Some(if self.open == Some(index) { usize::MAX } else { index });
                let here = self.rows(world).iter().position(|row| *row == Row::Chapter(index));
                self.row = here.unwrap_or(0);
                return Vec::new();
            }
            Some(Row::Lesson { id }) => {
                let found = world.content.lesson(&id);
                let step = found.map_or(0, |(_, lesson)| course::step(&world.learner, lesson));
                Place::Lesson { id, step }
            }
            Some(Row::Quiz { chapter }) => Place::Quiz { chapter },
            Some(Row::Misses { chapter }) => {
                let missed = world.content.chapter(&chapter).map(|it| misses::of(world, it));
                Place::Again { questions: missed.unwrap_or_default() }
            }
        };
        vec![Effect::Go(place)]
    }

    fn panes(area: Rect) -> (Rect, Rect) {
        if area.width < WIDE {
            return (area, Rect::default());
        }
        let [map, about] = Layout::horizontal([Constraint::Percentage(58), Constraint::Min(0)]).areas(area);
        (map, about)
    }

    /// The first row on show, so that the chosen one is.
    fn first(&self, height: u16, rows: usize) -> usize {
        let height = usize::from(height);
        (self.row + 3).saturating_sub(height).min(rows.saturating_sub(height))
    }
}

impl Screen for Home {
    fn title(&self, _world: &World) -> String {
        "Home".to_owned()
    }

    fn status(&self, world: &World) -> String {
        match (&world.unkept, world.learner.interview) {
            (Some(_), _) => "progress is not kept".to_owned(),
            (None, Some(date)) => format!("interview on {date}"),
            (None, None) => String::new(),
        }
    }

    fn bindings(&self, world: &World) -> Vec<Binding> {
        let enter = match self.row(world) {
            Some(Row::Chapter(index)) if self.open.unwrap_or_else(|| rows::current_chapter(world)) == index => "close",
            Some(Row::Chapter(_)) => "open",
            Some(Row::Review) => "review",
            Some(Row::Misses { .. }) => "ask them again",
            Some(Row::Continue { step: 1.., .. } | Row::Unfinished { .. }) => "go on",
            _ => "start",
        };
        let mut all = vec![
            Binding::new([Key::code(KeyCode::Enter), Key::code(KeyCode::Right)], enter, Action::Open),
            Binding::new([Key::code(KeyCode::Down), Key::char('j')], "down", Action::Down),
            Binding::quiet([Key::code(KeyCode::Up), Key::char('k')], "up", Action::Up),
            Binding::new([Key::char('d')], "drill", Action::Go(Place::Drill(DrillWish::default()))),
            Binding::quiet([Key::char('x')], "exercises on packets", Action::Go(Place::Drill(course::exercises()))),
            Binding::new([Key::char('e')], "demos", Action::Go(Place::Demos)),
            Binding::new([Key::char('g')], "glossary", Action::Go(Place::Glossary { term: None })),
            Binding::new([Key::char('p')], "progress", Action::Go(Place::Progress)),
        ];
        if let Some(Row::Lesson { id }) = self.row(world) {
            all.push(Binding::new([Key::char('t')], "teach a room", Action::Go(Place::Present { lesson: id })));
        }
        all.extend([
            Binding::quiet([Key::code(KeyCode::Home)], "first", Action::First),
            Binding::quiet([Key::code(KeyCode::End)], "last", Action::Last),
            Binding::new([Key::char('q')], "quit", Action::Quit),
        ]);
        all
    }

    fn entered(&mut self, world: &World) -> Vec<Effect> {
        let row = self.left_at.take().and_then(|left| self.rows(world).iter().position(|row| *row == left));
        // What was chosen is gone when it was finished: then the first row says what comes next.
        self.row = row.unwrap_or(0);
        Vec::new()
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        match action {
            Action::Down | Action::Scroll { down: true, .. } => self.moved(self.row + 1, world),
            Action::Up | Action::Scroll { down: false, .. } => self.moved(self.row.saturating_sub(1), world),
            Action::First => self.row = 0,
            Action::Last => self.moved(usize::MAX, world),
            Action::Choose(row) if row == self.row => return self.chosen(world),
            Action::Choose(row) => self.moved(row, world),
            Action::Open => return self.chosen(world),
            _ => {}
        }
        Vec::new()
    }

    fn click(&self, area: Rect, at: Position, world: &World) -> Option<Action> {
        let (map, _) = Self::panes(area);
        let inside = Rect { y: map.y + 1, height: map.height.saturating_sub(2), ..map };
        let first = self.first(inside.height, self.rows(world).len());
        inside.contains(at).then(|| Action::Choose(first + usize::from(at.y - inside.y)))
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let theme = &world.theme;
        let (map, about) = Self::panes(area);
        let block = Block::bordered()
            .border_style(theme.focus)
            .padding(Padding::horizontal(1))
            .title(Span::styled(" Your course ", theme.title));
        let inner = block.inner(map);
        block.render(map, buffer);
        if !world.is_ready() {
            let (text, style) = match &world.unready {
                Some(reason) => (format!("! {reason}"), theme.warn),
                None => (READING.to_owned(), theme.dim),
            };
            for (place, line) in inner.rows().zip(textwrap::wrap(&text, usize::from(inner.width).max(8))) {
                Line::styled(line, style).render(place, buffer);
            }
            return;
        }
        let all = self.rows(world);
        let first = self.first(inner.height, all.len());
        for (place, (index, row)) in inner.rows().zip(all.iter().enumerate().skip(first)) {
            row.draw(place, buffer, world, index == self.row);
        }
        if let Some(row) = self.row(world).filter(|_| !about.is_empty()) {
            about::draw(about, buffer, world, &row);
        }
    }
}
