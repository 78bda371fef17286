//! Quiz and drill as text: which questions, and what comes of them.
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;

use super::loaded;
use super::sitter::Sitter;
use crate::cli::arguments::{Drill, Options, Quiz};
use crate::cli::{Misuse, NO, start};
use crate::content::Content;
use crate::practice::drill::{self, Filter};
use crate::practice::score::percent;
use crate::practice::{Context, Verdict, Wish, score};
use crate::progress::OpenSitting;
use crate::tui::course;

/// A chapter's quiz; exit code 1 when it is not passed.
pub(in crate::cli) fn quiz(options: &Options, quiz: &Quiz) -> anyhow::Result<ExitCode> {
    let content = loaded(options);
    let chapter = start::chapter_with_quiz(&content, &quiz.chapter)?;
    let mut sitter = Sitter::new(options, Context::Quiz)?;
    let open = match sitter.left(Some(&chapter.id)).into_iter().next() {
        Some(open) => open,
        None => {
            let items = drill::quiz(chapter, &sitter.snapshot.memories, chapter.quiz.length, sitter.seed);
            sitter.begin(Some(chapter.id.clone()), items, Wish::default())?
        }
    };
    let Some(answers) = sitter.sit(&content, open, None)? else { return Ok(ExitCode::SUCCESS) };
    let result = score(answers.asked, &answers.all, chapter.quiz.pass_ppm);
    let (share, mark) = (percent(result.points_ppm), percent(chapter.quiz.pass_ppm));
    let word = if result.passed { "passed" } else { "not passed" };
    sitter.console.say(&format!("{share} of the points; the mark is {mark}: {word}."))?;
    Ok(if result.passed { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

/// A drill over what is due and what is new, or the one that was left.
pub(in crate::cli) fn drill(options: &Options, wish: &Drill) -> anyhow::Result<ExitCode> {
    let content = loaded(options);
    start::known_tags(&content, &wish.tags)?;
    let mut sitter = Sitter::new(options, Context::Drill)?;
    if wish.until.is_some() {
        sitter.store.set_interview(wish.until, Timestamp::now())?;
    }
    let open = match left(&mut sitter, wish)? {
        Some(open) => open,
        None => begin(&mut sitter, &content, wish)?,
    };
    let end = open.sitting.wish.minutes.and_then(|minutes| {
        let left = Duration::from_secs(u64::from(minutes) * 60).saturating_sub(open.sitting.spent(&open.answers));
        Timestamp::now().checked_add(left).ok()
    });
    if let Some(answers) = sitter.sit(&content, open, end)? {
        let right = answers.all.iter().filter(|it| it.grade.verdict == Verdict::Right).count();
        let rest = if right < answers.asked { " The others come back soon." } else { "" };
        sitter.console.say(&format!("{right} of {} right.{rest}", answers.asked))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The newest drill that was left, when nothing else is wished for; a wish for another ends those that were left.
fn left(sitter: &mut Sitter<'_>, wish: &Drill) -> anyhow::Result<Option<OpenSitting>> {
    let all = sitter.left(None);
    let is_any = wish.tags.is_empty() && wish.count.is_none() && wish.minutes.is_none() && wish.until.is_none();
    if is_any {
        return Ok(all.into_iter().next());
    }
    for open in all {
        sitter.store.end(&open.id, &[], Timestamp::now())?;
        let (answered, asked) = (open.answers.len(), open.sitting.items.len());
        sitter.console.say(&format!("The drill you had left is over, with {answered} of {asked} answered."))?;
    }
    Ok(None)
}

fn begin(sitter: &mut Sitter<'_>, content: &Content, wish: &Drill) -> anyhow::Result<OpenSitting> {
    let filter = Filter {
        tags: wish.tags.clone(),
        count: wish.count.unwrap_or(start::DRILL_COUNT),
        minutes: wish.minutes,
        until: wish.until.or(sitter.snapshot.interview),
        begun: course::begun(content, &sitter.snapshot),
        ..Filter::default()
    };
    let today = jiff::Zoned::now().date();
    let items = drill::plan(content, &sitter.snapshot.memories, today, &filter, sitter.seed);
    if items.is_empty() {
        return Err(Misuse("there are no questions to drill in this content".to_owned()).into());
    }
    sitter.begin(None, items, Wish { tags: wish.tags.clone(), count: wish.count, minutes: wish.minutes })
}
