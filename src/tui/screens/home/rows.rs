//! The rows of the map, and how each is drawn.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::content::Chapter;
use crate::content::layout::cut;
use crate::practice::score::percent;
use crate::practice::{Context, standings};
use crate::progress::OpenSitting;
use crate::tui::app::World;
use crate::tui::{course, misses};

/// Something to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// Where the learner left.
    Continue {
        lesson: String,
        step: usize,
    },
    Review,
    /// A quiz or drill that was left, by its id.
    Unfinished {
        sitting: String,
    },
    Chapter(usize),
    Lesson {
        id: String,
    },
    Quiz {
        chapter: String,
    },
    /// What was not right in a chapter when it was answered last.
    Misses {
        chapter: String,
    },
}

/// Every row, the lessons of the open chapter among them.
pub(super) fn rows(world: &World, open: usize) -> Vec<Row> {
    let mut all = Vec::new();
    all.extend(next_up(world));
    // A review goes on with the drill that was left: of the two rows one stands here. One without an answer was not begun.
    let is_begun = |it: &OpenSitting| !it.answers.is_empty();
    let drill = world.learner.open.iter().position(|it| is_drill(it) && is_begun(it));
    if drill.is_none() {
        all.push(Row::Review);
    }
    let is_offered = |(at, it): &(usize, &OpenSitting)| Some(*at) == drill || !is_drill(it) && is_begun(it);
    let offered = world.learner.open.iter().enumerate().filter(is_offered);
    all.extend(offered.map(|(_, it)| Row::Unfinished { sitting: it.id.clone() }));
    for (index, chapter) in world.content.chapters.iter().enumerate() {
        all.push(Row::Chapter(index));
        if index == open {
            all.extend(chapter.lessons.iter().map(|lesson| Row::Lesson { id: lesson.id.clone() }));
            if !chapter.quiz.questions.is_empty() {
                all.push(Row::Quiz { chapter: chapter.id.clone() });
            }
            if !misses::of(world, chapter).is_empty() {
                all.push(Row::Misses { chapter: chapter.id.clone() });
            }
        }
    }
    all
}

fn next_up(world: &World) -> Option<Row> {
    course::next(&world.content, &world.learner).map(|(lesson, step)| Row::Continue { lesson: lesson.id.clone(), step })
}

/// The chapter of the lesson to go on with.
pub(super) fn current_chapter(world: &World) -> usize {
    let Some(Row::Continue { lesson, .. }) = next_up(world) else { return 0 };
    let has = |chapter: &Chapter| chapter.lessons.iter().any(|it| it.id == lesson);
    world.content.chapters.iter().position(has).unwrap_or(0)
}

fn is_drill(open: &OpenSitting) -> bool {
    open.sitting.context == Context::Drill
}

/// How many questions are to come back today.
pub(super) fn due(world: &World) -> usize {
    let learner = &world.learner;
    let is_due = |id: &&String| learner.memories[*id].is_due(world.today, learner.interview);
    learner.memories.keys().filter(is_due).filter(|id| world.content.question(id).is_some()).count()
}

/// What a row says: a sign, a text, and a note at the right.
struct Said {
    sign: String,
    text: String,
    note: String,
    style: Style,
}

impl Row {
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World, chosen: bool) {
        let theme = &world.theme;
        let said = self.said(world);
        let style = if chosen { theme.selected } else { said.style };
        let width = usize::from(area.width);
        let sign = format!("{}{}", if chosen { "▸ " } else { "  " }, said.sign);
        let room = width.saturating_sub(sign.width() + said.note.width() + 1);
        let text = cut(&said.text, room);
        let gap = " ".repeat(room.saturating_sub(text.width()) + 1);
        let note = if chosen { style } else { theme.dim };
        let line = Line::from(vec![
            Span::styled(sign, style),
            Span::styled(text, style),
            Span::styled(gap, style),
            Span::styled(said.note, note),
        ]);
        line.render(area, buffer);
    }

    fn said(&self, world: &World) -> Said {
        let theme = &world.theme;
        match self {
            Self::Continue { lesson, step } => continue_said(world, lesson, *step),
            Self::Review => {
                let due = due(world);
                let style = if due == 0 { theme.dim } else { theme.accent };
                let text = due_said(due).unwrap_or_else(|| "nothing is due; new questions wait".to_owned());
                Said { sign: "Review    ".to_owned(), text, note: String::new(), style }
            }
            Self::Unfinished { sitting } => unfinished_said(world, sitting),
            Self::Chapter(index) => chapter_said(world, *index),
            Self::Lesson { id } => lesson_said(world, id),
            Self::Quiz { chapter } => quiz_said(world, chapter),
            Self::Misses { chapter } => misses_said(world, chapter),
        }
    }
}

fn due_said(due: usize) -> Option<String> {
    match due {
        0 => None,
        1 => Some("1 question is due".to_owned()),
        due => Some(format!("{due} questions are due")),
    }
}

fn continue_said(world: &World, lesson: &str, step: usize) -> Said {
    let found = world.content.lesson(lesson);
    let steps = found.map_or(0, |(_, lesson)| lesson.steps.len());
    let text = found.map(|(chapter, lesson)| format!("{} › {}", chapter.id, lesson.title)).unwrap_or_default();
    let sign = if step == 0 { "Start     " } else { "Continue  " };
    let note = format!("step {} of {steps}", step + 1);
    Said { sign: sign.to_owned(), text, note, style: world.theme.accent }
}

fn unfinished_said(world: &World, sitting: &str) -> Said {
    let open = world.learner.open.iter().find(|it| it.id == sitting);
    let text = open.map(|it| match (&it.sitting.chapter, it.sitting.context) {
        (Some(chapter), Context::Quiz) => format!("the quiz of {chapter} you left"),
        _ => {
            let due = due_said(due(world)).map(|it| format!("; {it}")).unwrap_or_default();
            format!("the drill you left{due}")
        }
    });
    let note = open.map(|it| format!("{} of {} answered", it.answers.len(), it.sitting.items.len()));
    let style = world.theme.accent;
    Said { sign: "Finish    ".to_owned(), text: text.unwrap_or_default(), note: note.unwrap_or_default(), style }
}

fn chapter_said(world: &World, index: usize) -> Said {
    let theme = &world.theme;
    let chapter = &world.content.chapters[index];
    let sign = format!("{:<4}", chapter.id);
    if chapter.lessons.is_empty() {
        return Said { sign, text: chapter.title.clone(), note: "not written yet".to_owned(), style: theme.dim };
    }
    let done = chapter.lessons.iter().filter(|lesson| course::is_done(&world.learner, lesson)).count();
    let all = chapter.lessons.len();
    let full = done * 10 / all;
    let note = format!("{}{} {done}/{all}", "▰".repeat(full), "▱".repeat(10 - full));
    Said { sign, text: chapter.title.clone(), note, style: theme.strong }
}

fn lesson_said(world: &World, id: &str) -> Said {
    let theme = &world.theme;
    let Some((_, lesson)) = world.content.lesson(id) else {
        return Said { sign: String::new(), text: id.to_owned(), note: String::new(), style: theme.dim };
    };
    let position = world.learner.lessons.get(id);
    let (sign, note, style) = match position {
        Some(position) if position.done.is_some() => ("✔", "done".to_owned(), theme.good),
        Some(position) => ("◐", format!("step {} of {}", position.step + 1, lesson.steps.len()), theme.accent),
        None => ("○", format!("{} min", lesson.minutes), theme.text),
    };
    Said { sign: format!("    {sign} "), text: lesson.title.clone(), note, style }
}

fn quiz_said(world: &World, chapter: &str) -> Said {
    let theme = &world.theme;
    let results = world.learner.quizzes.iter().filter(|it| it.chapter == chapter && it.asked > 0);
    let best = results.map(crate::progress::QuizResult::share_ppm).max();
    let mark = world.content.chapter(chapter).map_or(0, |it| it.quiz.pass_ppm);
    let (sign, note, style) = match best {
        None => ("?", "not taken".to_owned(), theme.text),
        Some(best) => {
            let shown = percent(best);
            let passed = best >= mark;
            let word = if passed { "passed" } else { "not passed yet" };
            (
                if passed { "✔" } else { "✘" },
                format!("best {shown}, {word}"),
                if passed { theme.good } else { theme.warn },
            )
        }
    };
    Said { sign: format!("    {sign} "), text: format!("Quiz of {chapter}"), note, style }
}

fn misses_said(world: &World, chapter: &str) -> Said {
    let missed = world.content.chapter(chapter).map(|it| misses::of(world, it)).unwrap_or_default();
    let text = misses::said(world, chapter, missed.iter().map(String::as_str)).unwrap_or_default();
    Said { sign: "    ✘ ".to_owned(), text, note: "ask them again".to_owned(), style: world.theme.warn }
}

/// The numbers of a chapter, in a sentence.
pub(super) fn chapter_numbers(world: &World, chapter: &Chapter) -> Option<String> {
    let learner = &world.learner;
    let done = |id: &str| learner.lessons.get(id).is_some_and(|it| it.done.is_some());
    let all = standings(&world.content, &learner.memories, done, world.today, learner.interview);
    let standing = all.into_iter().find(|it| it.chapter == chapter.id)?;
    Some(format!(
        "{} of {} lessons done. Of {} questions, {} seen, {} known, {} due.",
        standing.lessons_done, standing.lessons, standing.questions, standing.seen, standing.known, standing.due
    ))
}
