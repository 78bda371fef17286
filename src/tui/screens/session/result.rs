//! The result of a quiz or drill: points, every miss to read, and the misses asked once more.
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Widget};

use super::behind::behind;
use super::{Session, Topic, is_missed};
use crate::content::{self, Kind, Lesson, Question, layout};
use crate::practice::grade::FULL;
use crate::practice::{Answer, Attempt, Grade, Item, Verdict, is_verdict, score};
use crate::tui::action::{Action, Binding, DrillWish, Effect, Key, Place};
use crate::tui::app::World;
use crate::tui::misses;
use crate::tui::theme::Theme;
use crate::tui::widgets::prose;

/// Lines that a page key goes on by.
const PAGE: usize = 8;

/// A question that was not all right, as it was asked.
struct Miss<'a> {
    question: &'a Question,
    grade: Option<&'a Grade>,
    /// Missing until it is made again.
    attempt: Option<&'a Attempt>,
    answer: Option<&'a Answer>,
    /// The lesson that teaches it.
    lesson: Option<&'a Lesson>,
}

impl Session {
    /// Questions that count: all of a quiz that could be asked; of a drill, those its time was enough for.
    fn asked(&self) -> usize {
        match &self.topic {
            Topic::Quiz { .. } => self.grades.len() - self.left_out.len(),
            Topic::Drill { .. } => self.grades.iter().flatten().count(),
        }
    }

    /// Points of all questions that count, in ppm; an unanswered one has none.
    fn share(&self) -> i64 {
        score::share(self.grades.iter().flatten().map(|grade| grade.points_ppm).sum(), self.asked())
    }

    /// Says which questions counted nowhere, when there are such.
    fn left_out_line(&self) -> Option<String> {
        let item = |at: &u32| self.items().get(usize::try_from(*at).ok()?).map(|it| it.question.as_str());
        let ids: Vec<&str> = self.left_out.iter().filter_map(item).collect();
        let what = if ids.len() == 1 { "a question that cannot be asked" } else { "questions that cannot be asked" };
        (!ids.is_empty()).then(|| format!("Left out, {what}: {}.", ids.join(", ")))
    }

    /// How many misses there are, when they come back, and where they are found until then.
    fn misses_line(&self, world: &World) -> Option<String> {
        let misses = self.misses(world);
        let of = if matches!(self.topic, Topic::Quiz { .. }) { "this quiz" } else { "this drill" };
        let said = misses::said(world, of, misses.iter().map(|it| it.question.id.as_str()))?;
        Some(format!("{said}. r asks them again now; Home has them below the chapter's quiz until you know them."))
    }

    fn pass_mark(&self, world: &World) -> Option<i64> {
        let Topic::Quiz { chapter } = &self.topic else { return None };
        world.content.chapter(chapter).map(|chapter| chapter.quiz.pass_ppm)
    }

    /// Items that were not all right.
    fn misses<'a>(&'a self, world: &'a World) -> Vec<Miss<'a>> {
        let missed = self.items().iter().enumerate().filter(|(at, _)| is_missed(self.grades[*at].as_ref()));
        let miss = |(at, item): (usize, &Item)| {
            let question = world.content.question(&item.question)?;
            let (grade, attempt, answer) = (&self.grades[at], &self.attempts[at], &self.answers[at]);
            let lesson = world.content.teaching(question);
            Some(Miss { question, grade: grade.as_ref(), attempt: attempt.as_ref(), answer: answer.as_ref(), lesson })
        };
        missed.filter_map(miss).collect()
    }

    pub(super) fn result_bindings(&self, world: &World) -> Vec<Binding> {
        let mut all = Vec::new();
        let misses = self.misses(world);
        if let Some(Miss { question, lesson, .. }) = misses.get(self.row) {
            all.push(Binding::new([Key::char('r')], "ask the misses again", Action::Misses).first());
            all.push(Binding::new([Key::code(KeyCode::Down), Key::char('j')], "next miss", Action::Down));
            all.push(Binding::quiet([Key::code(KeyCode::Up), Key::char('k')], "previous miss", Action::Up));
            all.push(Binding::quiet([Key::code(KeyCode::PageDown), Key::char(' ')], "more of it", Action::PageDown));
            all.push(Binding::quiet([Key::code(KeyCode::PageUp)], "back in it", Action::PageUp));
            if lesson.is_some() {
                all.push(Binding::new([Key::char('l')], "its lesson", Action::Learn));
            }
            if behind(question, None, None, 0).is_some() {
                all.push(Binding::new([Key::char('m')], "show me", Action::ShowMe));
            }
        }
        let again = if matches!(self.topic, Topic::Quiz { .. }) { "again, other questions" } else { "another drill" };
        all.push(Binding::new([Key::char('a')], again, Action::Again));
        all.push(Binding::new(
            [Key::code(KeyCode::Enter), Key::code(KeyCode::Esc), Key::char('q')],
            "done",
            Action::Back,
        ));
        all
    }

    pub(super) fn update_result(&mut self, action: &Action, world: &World) -> Vec<Effect> {
        let misses = self.misses(world);
        let last = misses.len().saturating_sub(1);
        match action {
            Action::Down => self.choose((self.row + 1).min(last)),
            Action::Up => self.choose(self.row.saturating_sub(1)),
            Action::PageDown => self.down = (self.down + PAGE).min(self.most_down.get()),
            Action::PageUp => self.down = self.down.saturating_sub(PAGE),
            Action::Scroll { down: true, .. } => self.down = (self.down + 1).min(self.most_down.get()),
            Action::Scroll { down: false, .. } => self.down = self.down.saturating_sub(1),
            Action::Misses => {
                let questions: Vec<String> = misses.iter().map(|it| it.question.id.clone()).collect();
                return vec![Effect::Replace(Place::Again { questions })];
            }
            Action::Learn => {
                let lesson = misses.get(self.row).and_then(|it| it.lesson);
                let open = lesson.map(|it| Effect::Go(Place::Lesson { id: it.id.clone(), step: 0 }));
                return open.into_iter().collect();
            }
            Action::ShowMe => {
                let miss = misses.get(self.row);
                let shown = miss.and_then(|it| behind(it.question, it.attempt, it.answer, world.seed));
                return shown.into_iter().collect();
            }
            Action::Again => {
                let place = match &self.topic {
                    Topic::Quiz { chapter } => Place::Quiz { chapter: chapter.clone() },
                    Topic::Drill { wish } => Place::Drill(DrillWish { wish: wish.clone(), until: None }),
                };
                return vec![Effect::Replace(place)];
            }
            _ => {}
        }
        Vec::new()
    }

    fn choose(&mut self, row: usize) {
        self.row = row;
        self.down = 0;
    }

    pub(super) fn draw_result(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let theme = &world.theme;
        let [column] = Layout::horizontal([Constraint::Max(96)]).flex(Flex::Center).areas(area);
        let block = Block::bordered()
            .border_style(theme.focus)
            .padding(Padding::horizontal(1))
            .title(Span::styled(" Result ", theme.title));
        let inner = block.inner(column);
        block.render(column, buffer);
        let lines = self.result_lines(usize::from(inner.width), world);
        // The chosen miss stays in sight.
        let here = lines.iter().position(|(_, chosen)| *chosen).unwrap_or(0);
        let height = usize::from(inner.height);
        let natural = if self.row == 0 { 0 } else { (here + 10).saturating_sub(height).min(here) };
        let most = lines.len().saturating_sub(height);
        self.most_down.set(most.saturating_sub(natural));
        let first = (natural + self.down).min(most.max(natural));
        for (row, (line, _)) in inner.rows().zip(&lines[first..]) {
            line.render(row, buffer);
        }
        if first < most {
            let more = format!(" ↓ {} more: space ", most - first);
            let border = Rect { y: inner.bottom(), height: 1, ..inner }.intersection(buffer.area);
            Line::styled(more, theme.accent).right_aligned().render(border, buffer);
        }
    }

    fn result_lines(&self, width: usize, world: &World) -> Vec<(Line<'static>, bool)> {
        let theme = &world.theme;
        let share = score::percent(self.share());
        let skipped = self.answers.iter().flatten().filter(|it| **it == Answer::Skipped).count();
        let answered = self.grades.iter().flatten().count() - skipped;
        let all = self.grades.len() - self.left_out.len();
        let skipped = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
        let title = format!("{share} of the points, {answered} of {all} answered{skipped}");
        let mut lines = vec![(Line::styled(title, theme.title), false)];
        if let Some(mark) = self.pass_mark(world) {
            let mark_shown = score::percent(mark);
            let (text, style) = if self.share() >= mark {
                (format!("✔ Passed: the mark is {mark_shown}."), theme.good)
            } else {
                (format!("✘ Not passed yet: the mark is {mark_shown}."), theme.bad)
            };
            lines.extend(wrapped(&text, "", width, style));
        }
        lines.extend(self.misses_line(world).iter().flat_map(|it| wrapped(it, "", width, theme.accent)));
        lines.extend(self.left_out_line().iter().flat_map(|it| wrapped(it, "", width, theme.warn)));
        lines.push((bar(self.share(), width.min(60), theme), false));
        lines.push((Line::default(), false));
        for (index, miss) in self.misses(world).iter().enumerate() {
            miss_lines(&mut lines, miss, index == self.row, width, theme);
        }
        lines
    }
}

fn bar(share: i64, width: usize, theme: &Theme) -> Line<'static> {
    let full = usize::try_from(share.clamp(0, FULL)).unwrap_or(0) * width / 1_000_000;
    Line::from(vec![Span::styled("█".repeat(full), theme.good), Span::styled("░".repeat(width - full), theme.dim)])
}

fn wrapped(text: &str, indent: &str, width: usize, style: Style) -> Vec<(Line<'static>, bool)> {
    let options = textwrap::Options::new(width.max(8)).initial_indent(indent).subsequent_indent(indent);
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    textwrap::wrap(&joined, &options).into_iter().map(|line| (Line::styled(line.into_owned(), style), false)).collect()
}

/// Markdown of the content behind four columns.
fn prose_lines(text: &str, width: usize, theme: &Theme) -> impl Iterator<Item = (Line<'static>, bool)> {
    let rows = layout::rows(&content::blocks(text), width.saturating_sub(4).max(8), &layout::NoRun);
    let indented = |mut line: Line<'static>| {
        line.spans.insert(0, Span::raw("    "));
        (line, false)
    };
    prose::lines(&rows, theme).into_iter().map(indented)
}

/// One line a miss; the chosen one opened.
fn miss_lines(lines: &mut Vec<(Line<'static>, bool)>, miss: &Miss<'_>, chosen: bool, width: usize, theme: &Theme) {
    let (sign, style) = match miss.grade.map(|grade| grade.verdict) {
        None => ("·", theme.dim),
        Some(Verdict::Partly) => ("◐", theme.warn),
        Some(_) => ("✘", theme.bad),
    };
    let prompt = miss.attempt.map_or_else(|| "…".to_owned(), |attempt| content::unmarked(&attempt.prompt));
    let prompt = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
    if !chosen {
        let head = layout::cut(&format!("  {sign} {prompt}"), width);
        return lines.push((Line::styled(head, style), false));
    }
    let options = textwrap::Options::new(width.max(8)).subsequent_indent("    ");
    let head = format!("▸ {sign} {prompt}");
    let head = textwrap::wrap(&head, options).into_iter().map(|line| Line::styled(line.into_owned(), theme.selected));
    lines.extend(head.map(|line| (line, true)));
    if let Some(text) = miss.answer.and_then(Answer::words) {
        lines.extend(wrapped(&format!("you: {text}"), "    ", width, theme.text));
    }
    if let Some(grade) = miss.grade {
        let label = if matches!(miss.question.kind, Kind::Design(_)) { "one that works" } else { "right" };
        lines.extend(wrapped(&format!("{label}: {}", grade.right), "    ", width, theme.strong));
        for remark in grade.remarks.iter().filter(|remark| !remark.right) {
            let about = if remark.about.is_empty() || is_verdict(&miss.question.kind, remark) {
                String::new()
            } else {
                format!("{}: ", remark.about)
            };
            lines.extend(prose_lines(&format!("{about}{}", remark.why), width, theme));
        }
    }
    lines.extend(prose_lines(miss.attempt.map_or("", |attempt| &attempt.explanation), width, theme));
    lines.extend(wrapped(&format!("source: {}", miss.question.source), "    ", width, theme.dim));
    let lesson = miss.lesson.map(|it| format!("taught in: {} (l opens it)", it.title));
    lines.extend(lesson.iter().flat_map(|it| wrapped(it, "    ", width, theme.accent)));
    lines.push((Line::default(), false));
}
