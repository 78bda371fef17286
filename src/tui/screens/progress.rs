//! Progress: how each chapter stands, quizzes taken, how well the learner knows what they know.
use crossterm::event::KeyCode;
use jiff::ToSpan;
use jiff::civil::Date;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Widget};

use super::Screen;
use crate::practice::score::percent;
use crate::practice::{Calibration, Standing, interview_day, standings};
use crate::tui::action::{Action, Binding, DrillWish, Effect, Key, Place};
use crate::tui::app::World;
use crate::tui::learner::Keep;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::Field;

/// Days of the strip at the bottom.
const DAYS: i64 = 28;

/// The summary; the interview's date may be typed here.
#[derive(Default)]
pub struct Progress {
    scroll: usize,
    /// The date being typed.
    typing: Option<Field>,
    wrong: Option<String>,
}

impl Progress {
    /// Takes the typed date; an empty one drops the date.
    fn submit(&mut self, today: Date) -> Vec<Effect> {
        let Some(field) = &self.typing else { return Vec::new() };
        let text = field.text.trim();
        let date = if text.is_empty() { Ok(None) } else { interview_day(text, today).map(Some) };
        match date {
            Ok(date) => {
                self.typing = None;
                self.wrong = None;
                vec![Effect::Keep(Keep::Interview(date))]
            }
            Err(unreadable) => {
                self.wrong = Some(unreadable.0);
                Vec::new()
            }
        }
    }
}

impl Screen for Progress {
    fn title(&self, _world: &World) -> String {
        "Progress".to_owned()
    }

    fn bindings(&self, _world: &World) -> Vec<Binding> {
        if self.typing.is_some() {
            return vec![
                Binding::new([Key::code(KeyCode::Enter)], "set it; empty drops it", Action::Submit),
                Binding::new([Key::code(KeyCode::Esc)], "leave it", Action::Skip),
            ];
        }
        vec![
            Binding::new([Key::char('d')], "drill", Action::Go(Place::Drill(DrillWish::default()))),
            Binding::new([Key::char('i')], "interview date", Action::Open),
            Binding::quiet([Key::code(KeyCode::Down), Key::char('j')], "down", Action::Down),
            Binding::quiet([Key::code(KeyCode::Up), Key::char('k')], "up", Action::Up),
            Binding::new([Key::code(KeyCode::Esc), Key::char('q')], "leave", Action::Back),
        ]
    }

    fn is_typing(&self) -> bool {
        self.typing.is_some()
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        match action {
            Action::Back => return vec![Effect::Back],
            Action::Open => self.typing = Some(Field::default()),
            Action::Submit => return self.submit(world.today),
            Action::Skip => {
                self.typing = None;
                self.wrong = None;
            }
            Action::Type(key) => self.typing.iter_mut().for_each(|field| field.key(key)),
            Action::Paste(text) => self.typing.iter_mut().for_each(|field| field.paste(&text)),
            Action::Down | Action::Scroll { down: true, .. } => self.scroll += 1,
            Action::Up | Action::Scroll { down: false, .. } => self.scroll = self.scroll.saturating_sub(1),
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let theme = &world.theme;
        let [column] = Layout::horizontal([Constraint::Max(100)]).flex(Flex::Center).areas(area);
        let block = Block::bordered()
            .border_style(theme.focus)
            .padding(Padding::horizontal(1))
            .title(Span::styled(" What you have done ", theme.title));
        let inner = block.inner(column);
        block.render(column, buffer);
        let mut places = inner.rows();
        if let (Some(field), Some(place)) = (&self.typing, places.next()) {
            field.draw(place, buffer, theme, "the day of your interview: year-month-day, as 2027-01-15");
            if let (Some(wrong), Some(place)) = (&self.wrong, places.next()) {
                Line::styled(format!("! {wrong}"), theme.warn).render(place, buffer);
            }
        }
        let lines = lines(world, usize::from(inner.width));
        let most = lines.len().saturating_sub(usize::from(inner.height));
        for (place, line) in places.zip(&lines[self.scroll.min(most)..]) {
            line.render(place, buffer);
        }
    }
}

fn lines(world: &World, width: usize) -> Vec<Line<'static>> {
    let (theme, learner) = (&world.theme, &world.learner);
    let done = |id: &str| learner.lessons.get(id).is_some_and(|it| it.done.is_some());
    let all = standings(&world.content, &learner.memories, done, world.today, learner.interview);
    let mut lines = Vec::new();
    if let Some(reason) = &world.unkept {
        lines.push(Line::styled(format!("! Progress is not kept: {reason}"), theme.warn));
        lines.push(Line::default());
    }
    if let Some(date) = learner.interview {
        let days = world.today.until(date).map_or(0, |span| span.get_days());
        let text = if days >= 0 {
            format!("Interview on {date}, in {days} days.")
        } else {
            format!("Interview was on {date}.")
        };
        lines.push(Line::styled(text, theme.accent));
        lines.push(Line::default());
    }
    lines.extend(chapter_lines(&all, width, theme));
    lines.push(Line::default());
    lines.extend(quiz_lines(world));
    lines.extend(calibration_lines(world));
    lines.extend(day_lines(world));
    lines
}

fn chapter_lines(all: &[Standing], width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled("         lessons   questions: seen  known  due", theme.dim)];
    let bar = width.saturating_sub(56).min(30);
    for it in all.iter().filter(|it| it.lessons + it.questions > 0) {
        let full = (it.known * bar).checked_div(it.questions).unwrap_or(0);
        lines.push(Line::from(vec![
            Span::styled(format!("{:<6}", it.chapter), theme.strong),
            Span::styled(format!("{:>3} of {:<4}", it.lessons_done, it.lessons), theme.text),
            Span::styled(format!("{:>10}: {:>4} {:>6} {:>4}  ", it.questions, it.seen, it.known, it.due), theme.text),
            Span::styled("█".repeat(full), theme.good),
            Span::styled("░".repeat(bar - full), theme.dim),
        ]));
        if it.overconfident > 0 {
            let text = format!("      {} answered wrong though you were sure", it.overconfident);
            lines.push(Line::styled(text, theme.warn));
        }
    }
    lines
}

fn quiz_lines(world: &World) -> Vec<Line<'static>> {
    let theme = &world.theme;
    let quizzes = world.learner.quizzes.iter().rev().take(6).map(|quiz| {
        let share = quiz.share_ppm();
        let mark = world.content.chapter(&quiz.chapter).map_or(0, |it| it.quiz.pass_ppm);
        let (word, style) = if share >= mark { ("✔ passed", theme.good) } else { ("✘ not passed", theme.bad) };
        let shown = percent(share);
        let text =
            format!("Quiz of {} on {}: {shown} of {} questions  ", quiz.chapter, quiz.ended.strftime("%F"), quiz.asked);
        Line::from(vec![Span::styled(text, theme.text), Span::styled(word, style)])
    });
    let mut lines: Vec<Line<'static>> = quizzes.collect();
    if lines.is_empty() {
        lines.push(Line::styled("No quiz taken yet.", theme.dim));
    }
    lines.push(Line::default());
    lines
}

/// How often what the learner said of an answer was so.
fn calibration_lines(world: &World) -> Vec<Line<'static>> {
    let theme = &world.theme;
    let tallies = world.learner.tallies.iter().map(|it| (it.confidence, it.verdict, it.answers));
    let calibration = Calibration::of(tallies);
    let said = [("sure", calibration.sure), ("unsure", calibration.unsure), ("a guess", calibration.guess)];
    let line = |(word, said): (&str, crate::practice::score::Said)| {
        let share = percent(said.right_ppm()?);
        Some(Line::styled(format!("When you said {word}: right {share} of {} times.", said.times), theme.text))
    };
    let mut lines: Vec<Line<'static>> = said.into_iter().filter_map(line).collect();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines
}

/// Answers of the last four weeks, a column a day.
fn day_lines(world: &World) -> Vec<Line<'static>> {
    let theme = &world.theme;
    let answers = |back: i64| -> u32 {
        let Ok(day) = world.today.checked_sub(back.days()) else { return 0 };
        world.learner.tallies.iter().filter(|it| it.day == day).map(|it| it.answers).sum()
    };
    let counts: Vec<u32> = (0..DAYS).rev().map(answers).collect();
    let Some(most) = counts.iter().copied().max().filter(|most| *most > 0) else { return Vec::new() };
    let level = |count: &u32| [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][(*count * 8).div_ceil(most) as usize];
    let strip: String = counts.iter().map(level).collect();
    let total: u32 = counts.iter().sum();
    vec![
        Line::from(vec![Span::styled("│", theme.dim), Span::styled(strip, theme.accent), Span::styled("│", theme.dim)]),
        Line::styled(format!("{total} answers in the last {DAYS} days, at most {most} a day"), theme.dim),
    ]
}
