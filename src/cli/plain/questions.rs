//! Quiz and drill as text: numbered choices, one line an answer.
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::capture;
use super::console::Console;
use super::loaded;
use crate::cli::arguments::{Drill, Options, Quiz};
use crate::cli::{NO, folders, start};
use crate::content::{Content, Kind, Question};
use crate::practice::drill::{self, Filter};
use crate::practice::{
    Answer, Answered, Asked, Attempt, Confidence, Context, Item, Place, Sitting, Verdict, grade, score,
};
use crate::progress::{OpenSitting, Snapshot, Store};
use crate::quantity::{Quantity, Unit};
use crate::tui::runs::DemoRuns;

/// A chapter's quiz; exit code 1 when it is not passed.
pub(in crate::cli) fn quiz(options: &Options, quiz: &Quiz) -> anyhow::Result<ExitCode> {
    let content = loaded(options);
    let chapter = content.chapter(&quiz.chapter).with_context(|| {
        let ids: Vec<&str> = content.chapters.iter().map(|it| it.id.as_str()).collect();
        format!("there is no chapter {}; there are {}", quiz.chapter, ids.join(", "))
    })?;
    if chapter.quiz.questions.is_empty() {
        bail!("{} has no quiz yet", chapter.id);
    }
    let mut sitter = Sitter::new(options, Context::Quiz)?;
    let left =
        |it: &&OpenSitting| it.sitting.context == Context::Quiz && it.sitting.chapter.as_ref() == Some(&chapter.id);
    let open = sitter.snapshot.open.iter().find(left).cloned();
    let open = match open {
        Some(open) => open,
        None => {
            let items = drill::quiz(chapter, &sitter.snapshot.memories, chapter.quiz.length, sitter.seed);
            sitter.begin(Some(chapter.id.clone()), items)?
        }
    };
    let Some(answers) = sitter.sit(&content, open)? else { return Ok(ExitCode::SUCCESS) };
    let result = score::score(answers.asked, &answers.all, chapter.quiz.pass_ppm);
    let (share, mark) = (ppm(result.points_ppm), ppm(chapter.quiz.pass_ppm));
    let passed = result.passed;
    sitter.console.say(&format!(
        "{share} of the points; the mark is {mark}: {}.",
        if passed { "passed" } else { "not passed" }
    ))?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

/// A drill over what is due and what is new.
pub(in crate::cli) fn drill(options: &Options, wish: &Drill) -> anyhow::Result<ExitCode> {
    let content = loaded(options);
    let mut sitter = Sitter::new(options, Context::Drill)?;
    if wish.until.is_some() {
        sitter.store.set_interview(wish.until, Timestamp::now())?;
    }
    let filter = Filter {
        tags: wish.tags.clone(),
        count: wish.count.unwrap_or(start::DRILL_COUNT),
        minutes: wish.minutes,
        until: wish.until.or(sitter.snapshot.interview),
        ..Filter::default()
    };
    let today = jiff::Zoned::now().date();
    let items = drill::plan(&content, &sitter.snapshot.memories, today, &filter, sitter.seed);
    if items.is_empty() {
        let tags: Vec<&str> = drill::tags(&content).into_iter().collect();
        bail!("no question fits; the tags are {}", tags.join(", "));
    }
    let open = sitter.begin(None, items)?;
    if let Some(answers) = sitter.sit(&content, open)? {
        let right = answers.all.iter().filter(|it| it.grade.verdict == Verdict::Right).count();
        sitter.console.say(&format!("{right} of {} right. The others come back soon.", answers.asked))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn ppm(value: i64) -> Quantity {
    Quantity::new(value, Unit::PartsPerMillion)
}

/// Everything answered in a sitting that came to its end.
struct Finished {
    asked: usize,
    all: Vec<Answered>,
}

/// Asks, stores, says.
struct Sitter {
    console: Console,
    store: Store,
    snapshot: Snapshot,
    seed: u64,
    context: Context,
}

impl Sitter {
    fn new(options: &Options, context: Context) -> anyhow::Result<Self> {
        let (mut store, unkept) = folders::store(options);
        if let Some(why) = unkept {
            eprintln!("roundtrip: answers are not kept: {why}");
        }
        let snapshot = store.snapshot()?;
        let answered: u64 = snapshot.tallies.iter().map(|tally| u64::from(tally.answers)).sum();
        let seed = options.seed.unwrap_or(start::SEED).wrapping_add(answered);
        Ok(Self { console: Console::new(), store, snapshot, seed, context })
    }

    fn begin(&mut self, chapter: Option<String>, items: Vec<Item>) -> anyhow::Result<OpenSitting> {
        let sitting = Sitting { context: self.context, chapter, items, started: Timestamp::now() };
        let id = self.store.begin(&sitting)?;
        Ok(OpenSitting { id, sitting, answers: Vec::new() })
    }

    /// Asks what is open; `None` when the input ended before the questions did.
    fn sit(&mut self, content: &Content, open: OpenSitting) -> anyhow::Result<Option<Finished>> {
        let OpenSitting { id, sitting, answers: mut all } = open;
        let asked = sitting.items.len();
        while let Some(at) = sitting.next(&all) {
            let item = &sitting.items[at];
            let place = Place { sitting: id.clone(), item: u32::try_from(at)? };
            self.console.line(&format!("\nQuestion {} of {asked}\n", at + 1))?;
            let Some(question) = content.question(&item.question) else {
                bail!("{} is no longer in the content; `roundtrip progress --export` keeps the rest", item.question);
            };
            let attempt = Attempt::new(question, item.seed, &DemoRuns).map_err(anyhow::Error::msg)?;
            let Some(answered) = self.ask(question, &attempt, place)? else {
                self.console.line("Left unfinished; the same command goes on with this question.")?;
                return Ok(None);
            };
            all.push(answered);
        }
        self.store.end(&id, Timestamp::now())?;
        Ok(Some(Finished { asked, all }))
    }

    fn ask(&mut self, question: &Question, attempt: &Attempt, place: Place) -> anyhow::Result<Option<Answered>> {
        self.console.say(&attempt.prompt)?;
        self.list(question, attempt)?;
        let (mut hints, mut confidence) = (0, None);
        loop {
            let Some(line) = self.console.ask(how(question))? else { return Ok(None) };
            match line.as_str() {
                "" => continue,
                "hint" => {
                    let said = attempt.hints.get(hints).map_or("There is no further hint.", String::as_str);
                    self.console.say(said)?;
                    hints = (hints + 1).min(attempt.hints.len());
                    continue;
                }
                "sure" => confidence = Some(Confidence::Sure),
                "unsure" => confidence = Some(Confidence::Unsure),
                "guess" => confidence = Some(Confidence::Guess),
                _ => {
                    let answer = match self.read(question, attempt, &line)? {
                        Ok(answer) => answer,
                        Err(message) => {
                            self.console.say(&message)?;
                            continue;
                        }
                    };
                    match grade(question, attempt, &answer) {
                        Err(unreadable) => self.console.say(&unreadable.0)?,
                        Ok(grade) => {
                            let at = Timestamp::now();
                            let day = jiff::Zoned::now().date();
                            let answered = Answered {
                                question: question.id.clone(),
                                seed: attempt.seed,
                                answer,
                                grade,
                                confidence,
                                hints: u8::try_from(hints)?,
                                at,
                                day,
                                context: self.context,
                                place: Some(place),
                            };
                            self.store.answer(&answered)?;
                            self.feedback(question, attempt, &answered)?;
                            return Ok(Some(answered));
                        }
                    }
                }
            }
        }
    }

    fn list(&mut self, question: &Question, attempt: &Attempt) -> anyhow::Result<()> {
        let lefts = attempt.lefts();
        for (index, left) in lefts.iter().enumerate() {
            self.console.line(&format!("  {}) {left}", char::from(b'a' + u8::try_from(index)?)))?;
        }
        for (index, option) in attempt.options().iter().enumerate() {
            self.console.line(&format!("  {}) {}", index + 1, option.text))?;
        }
        if let Some(capture) = capture::beside(question, attempt) {
            self.console.line(&capture)?;
        }
        if let Some(hint) = attempt.number_hint() {
            self.console.say(hint)?;
        }
        Ok(())
    }

    fn read(&mut self, question: &Question, attempt: &Attempt, line: &str) -> anyhow::Result<Result<Answer, String>> {
        if line == "skip" {
            return Ok(Ok(Answer::Skipped));
        }
        if let Kind::Card { rubric, model } = &question.kind {
            self.console.say(model)?;
            for (index, point) in rubric.iter().enumerate() {
                self.console.line(&format!("  {}) {point}", index + 1))?;
            }
            let said = self.console.ask("the numbers of what you said")?.unwrap_or_default();
            let numbers = numbers(&said, rubric.len()).unwrap_or_default();
            let met = (0..rubric.len()).map(|index| numbers.contains(&index)).collect();
            return Ok(Ok(Answer::Rubric { met, text: line.to_owned() }));
        }
        Ok(read(question, attempt, line))
    }

    fn feedback(&mut self, question: &Question, attempt: &Attempt, answered: &Answered) -> anyhow::Result<()> {
        let word = match answered.grade.verdict {
            Verdict::Right => "Right.",
            Verdict::Partly => "Partly right.",
            Verdict::Wrong => "Not right.",
        };
        self.console.line(&format!("\n{word}"))?;
        if answered.grade.verdict != Verdict::Right {
            self.console.say(&format!("It is: {}", answered.grade.right))?;
        }
        for remark in &answered.grade.remarks {
            let sign = if remark.right { "+" } else { "-" };
            self.console.say(&format!("{sign} {}: {}", remark.about, remark.why))?;
        }
        self.console.say(&attempt.explanation)?;
        self.console.say(&format!("Source: {}", question.source))
    }
}

const fn how(question: &Question) -> &'static str {
    match question.kind {
        Kind::Single(_) => "a number (or hint, skip, sure, unsure, guess)",
        Kind::Multiple(_) => "numbers, such as 1 3",
        Kind::TrueFalse { .. } => "t, or f and the number of the correction, such as f 2",
        Kind::Order(_) => "the numbers in the right order",
        Kind::Match(_) => "for a, b, ... the number of each right side",
        Kind::Numeric { .. } | Kind::Predict { .. } => "a number with its unit",
        Kind::Short { .. } | Kind::Field(_) => "your answer",
        Kind::Card { .. } => "your own words, on one line",
    }
}

/// Row numbers as people type them, each within `most`.
fn numbers(line: &str, most: usize) -> Option<Vec<usize>> {
    let parts = line.split([' ', ',']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse::<usize>().ok()?.checked_sub(1).filter(|index| *index < most)).collect()
}

fn read(question: &Question, attempt: &Attempt, line: &str) -> Result<Answer, String> {
    let options = attempt.options();
    let rows = |text: &str| {
        let rows = numbers(text, options.len()).ok_or_else(|| format!("Write numbers from 1 to {}.", options.len()))?;
        Ok::<_, String>(rows.into_iter().map(|row| options[row].index).collect::<Vec<_>>())
    };
    match &attempt.asked {
        Asked::Options(_) if matches!(question.kind, Kind::Order(_)) => Ok(Answer::Sequence(rows(line)?)),
        Asked::Options(_) => Ok(Answer::Choices(rows(line)?)),
        Asked::Match { .. } => Ok(Answer::Sequence(rows(line)?)),
        Asked::Statement { .. } => {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "t" | "true" => Ok(Answer::Truth { says: true, correction: None }),
                "f" | "false" => Ok(Answer::Truth { says: false, correction: rows(rest)?.first().copied() }),
                _ => Err("Write t for true, or f for false and the number of the correction.".to_owned()),
            }
        }
        Asked::Number { .. } => Ok(Answer::Number(line.to_owned())),
        Asked::Field { .. } | Asked::Text => Ok(Answer::Text(line.to_owned())),
    }
}
