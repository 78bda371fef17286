//! Asks the questions of a sitting, stores each answer, says what it was worth.
use jiff::Timestamp;

use super::answer::{chosen, how, numbers, read};
use super::console::{Console, Patience};
use super::stage::{Stage, command};
use super::{capture, kept};
use crate::cli::arguments::Options;
use crate::cli::start;
use crate::content::{self, Content, DemoRef, Kind, Question};
use crate::practice::{
    Answer, Answered, Attempt, Confidence, Context, Grade, Item, Place, Runs, Sitting, Verdict, Wish, bearing,
    fresh_seed, grade, is_verdict, moment,
};
use crate::progress::{OpenSitting, Snapshot, Store};
use crate::tui::runs::DemoRuns;

/// Everything answered in a sitting that came to its end.
pub(super) struct Finished {
    /// Questions that could be asked.
    pub(super) asked: usize,
    pub(super) all: Vec<Answered>,
}

/// A conversation about questions.
pub(super) struct Sitter<'r> {
    pub(super) console: Console,
    pub(super) store: Store,
    pub(super) snapshot: Snapshot,
    pub(super) seed: u64,
    context: Context,
    /// Where the packets and numbers of questions come from.
    runs: &'r dyn Runs,
    /// Whether what is left can be gone on with.
    is_kept: bool,
}

/// What is said of an answer before it is given.
#[derive(Default)]
struct Aside {
    hints: usize,
    confidence: Option<Confidence>,
}

impl Aside {
    /// `sure 11` is both in a line; of an answer in words that word may be a part.
    fn without_confidence(&mut self, question: &Question, line: String) -> String {
        let is_in_words = matches!(question.kind, Kind::Short { .. } | Kind::Field(_) | Kind::Card { .. });
        let both = line.split_once(' ').filter(|_| !is_in_words);
        match both.and_then(|(word, rest)| Some((confidence(&word.to_lowercase())?, rest.trim().to_owned()))) {
            Some((said, rest)) => {
                self.confidence = Some(said);
                rest
            }
            None => line,
        }
    }
}

fn confidence(word: &str) -> Option<Confidence> {
    match word {
        "sure" => Some(Confidence::Sure),
        "unsure" => Some(Confidence::Unsure),
        "guess" => Some(Confidence::Guess),
        _ => None,
    }
}

impl<'r> Sitter<'r> {
    pub(super) fn new(options: &Options, context: Context) -> anyhow::Result<Self> {
        let mut store = kept(options);
        let snapshot = store.snapshot()?;
        let seed = fresh_seed(options.seed.unwrap_or(start::SEED), snapshot.answers());
        Ok(Self { console: Console::new(), store, snapshot, seed, context, runs: &DemoRuns, is_kept: true })
    }

    /// A conversation about the packets of a file: nothing of it is kept, as the questions cannot come back without it.
    pub(super) fn of_file(options: &Options, runs: &'r dyn Runs) -> anyhow::Result<Self> {
        let mut store = Store::open_in_memory()?;
        let (snapshot, seed) = (store.snapshot()?, options.seed.unwrap_or(start::SEED));
        Ok(Self { console: Console::new(), store, snapshot, seed, context: Context::Drill, runs, is_kept: false })
    }

    /// Sittings of this context and chapter that were left, the newest first.
    pub(super) fn left(&self, chapter: Option<&str>) -> Vec<OpenSitting> {
        let is_this =
            |it: &&OpenSitting| it.sitting.context == self.context && it.sitting.chapter.as_deref() == chapter;
        self.snapshot.open.iter().filter(is_this).cloned().collect()
    }

    pub(super) fn begin(
        &mut self,
        chapter: Option<String>,
        items: Vec<Item>,
        wish: Wish,
    ) -> anyhow::Result<OpenSitting> {
        let sitting = Sitting { wish, ..Sitting::new(self.context, chapter, items, Timestamp::now()) };
        let id = self.store.begin(&sitting)?;
        Ok(OpenSitting { id, sitting, answers: Vec::new() })
    }

    /// Asks what is open, until `end`; `None` when the input ended before the questions did.
    pub(super) fn sit(
        &mut self,
        content: &Content,
        open: OpenSitting,
        end: Option<Timestamp>,
    ) -> anyhow::Result<Option<Finished>> {
        let OpenSitting { id, sitting, answers: mut all } = open;
        let count = sitting.items.len();
        self.console.say(
            "Instead of an answer write hint or skip; before it, on the same line or one above, sure, unsure or guess.",
        )?;
        self.console.say(if self.is_kept { "q stops here: nothing is lost." } else { "q stops here." })?;
        if !all.is_empty() {
            self.console.say(&format!("Going on: {} of {count} are answered.", all.len()))?;
        }
        let mut asked = all.len();
        let mut left_out = Vec::new();
        for (at, item) in sitting.items.iter().enumerate() {
            if is_answered(&all, at) {
                continue;
            }
            if end.is_some_and(|end| Timestamp::now() >= end) {
                self.console.line("\nThe time is over.")?;
                break;
            }
            self.console.line(&format!("\nQuestion {} of {count}\n", at + 1))?;
            let (question, attempt) = match prepared(content, item, self.runs) {
                Ok(prepared) => prepared,
                Err(why) => {
                    self.console.say(&format!("Left out: {why}"))?;
                    left_out.push(u32::try_from(at)?);
                    continue;
                }
            };
            let place = Place { sitting: id.clone(), item: u32::try_from(at)? };
            let Some(answered) = self.ask(question, &attempt, place)? else {
                if !self.is_kept {
                    return Ok(None);
                }
                let again = match (self.context, &sitting.chapter) {
                    (Context::Quiz, Some(chapter)) => format!("roundtrip quiz {chapter} --plain"),
                    _ => "roundtrip drill --plain".to_owned(),
                };
                self.console.line(&format!("Left unfinished; {again} goes on with this question."))?;
                return Ok(None);
            };
            all.push(answered);
            asked += 1;
        }
        self.store.end(&id, &left_out, Timestamp::now())?;
        self.console.line("")?;
        Ok(Some(Finished { asked, all }))
    }

    fn ask(&mut self, question: &Question, attempt: &Attempt, place: Place) -> anyhow::Result<Option<Answered>> {
        self.console.prose(&attempt.prompt)?;
        self.list(question, attempt)?;
        let mut aside = Aside::default();
        if let Some(words) = self.snapshot.drafts.get(&(question.id.clone(), attempt.seed)) {
            let told = format!("You said before: {words}");
            self.console.say(&told)?;
        }
        let (prompt, mut patience) = (how(question, attempt), Patience::default());
        loop {
            let Some(line) = self.line(&prompt)? else { return Ok(None) };
            let line = aside.without_confidence(question, line);
            if line.is_empty() || self.took_aside(&mut aside, attempt, &line)? {
                if patience.is_over() {
                    return Ok(None);
                }
                continue;
            }
            let answer = match &question.kind {
                _ if line.eq_ignore_ascii_case("skip") => Ok(Answer::Skipped),
                Kind::Card { rubric, model } => {
                    // The model answer is feedback too: what the learner said is kept before it is shown.
                    self.store.draft(&question.id, attempt.seed, &line, Timestamp::now())?;
                    let Some(met) = self.met(rubric, model)? else { return Ok(None) };
                    Ok(Answer::Rubric { met, text: line })
                }
                _ => match read(question, attempt, &line) {
                    Ok(Answer::Truth { says: false, .. }) if !attempt.options().is_empty() => {
                        let Some(answer) = self.correction(attempt)? else { return Ok(None) };
                        Ok(answer)
                    }
                    other => other,
                },
            };
            let graded = answer.and_then(|answer| {
                let graded = grade(question, attempt, &answer, self.runs).map_err(|unreadable| unreadable.0);
                graded.map(|grade| (answer, grade))
            });
            match graded {
                Err(message) => {
                    self.console.say(&message)?;
                    if patience.is_over() {
                        return Ok(None);
                    }
                }
                Ok(graded) => return self.keep(question, attempt, graded, &aside, place).map(Some),
            }
        }
    }

    /// A line of the learner's; `None` at the end of the input, or when they stop.
    fn line(&mut self, prompt: &str) -> anyhow::Result<Option<String>> {
        let line = self.console.ask(prompt)?;
        Ok(line.filter(|it| !["q", "quit"].contains(&it.to_lowercase().as_str())))
    }

    /// Whether the line was no answer but a word about it.
    fn took_aside(&mut self, aside: &mut Aside, attempt: &Attempt, line: &str) -> anyhow::Result<bool> {
        match line.to_lowercase().as_str() {
            "hint" => {
                let said = attempt.hints.get(aside.hints).map_or("There is no further hint.", String::as_str);
                self.console.prose(said)?;
                aside.hints = (aside.hints + 1).min(attempt.hints.len());
                Ok(true)
            }
            word => {
                let said = confidence(word);
                aside.confidence = said.or(aside.confidence);
                Ok(said.is_some())
            }
        }
    }

    /// Stores the answer, then says what it was worth.
    fn keep(
        &mut self,
        question: &Question,
        attempt: &Attempt,
        (answer, grade): (Answer, Grade),
        aside: &Aside,
        place: Place,
    ) -> anyhow::Result<Answered> {
        let answered = Answered {
            question: question.id.clone(),
            seed: attempt.seed,
            answer,
            grade,
            confidence: aside.confidence,
            hints: u8::try_from(aside.hints)?,
            at: Timestamp::now(),
            day: jiff::Zoned::now().date(),
            context: self.context,
            place: Some(place),
        };
        self.store.answer(&answered)?;
        self.feedback(question, attempt, &answered.answer, &answered.grade)?;
        Ok(answered)
    }

    fn list(&mut self, question: &Question, attempt: &Attempt) -> anyhow::Result<()> {
        for (letter, left) in ('a'..).zip(attempt.lefts()) {
            self.console.line(&format!("  {letter}) {}", content::unmarked(left)))?;
        }
        // Only a false statement has corrections: they come once it is said to be false.
        if !matches!(question.kind, Kind::TrueFalse { .. }) {
            self.options(attempt)?;
        }
        if let Some(capture) = capture::beside(question, attempt) {
            self.console.line(&capture)?;
        }
        for (letter, blank) in ('a'..).zip(attempt.blanks()) {
            self.console.line(&format!("  {letter}) {}: {}", blank.knob, blank.told()))?;
        }
        if let Some(asked) = attempt.design() {
            self.console.line("A run with your values must meet:")?;
            asked.criteria.iter().try_for_each(|says| self.console.line(&format!("  - {says}")))?;
        }
        if let Some(hint) = attempt.number_hint() {
            self.console.say(hint)?;
        }
        Ok(())
    }

    fn options(&mut self, attempt: &Attempt) -> anyhow::Result<()> {
        let mut numbered = attempt.options().iter().enumerate();
        numbered.try_for_each(|(at, it)| self.console.line(&format!("  {}) {}", at + 1, content::unmarked(&it.text))))
    }

    /// What holds instead of a statement that was rightly said to be false; `None` when the input ended.
    fn correction(&mut self, attempt: &Attempt) -> anyhow::Result<Option<Answer>> {
        self.console.line("\nIt is false. What holds instead?")?;
        self.options(attempt)?;
        let mut patience = Patience::default();
        loop {
            let Some(line) = self.line("a number, or skip")? else { return Ok(None) };
            // What was said of the statement stands.
            if line.eq_ignore_ascii_case("skip") {
                return Ok(Some(Answer::Truth { says: false, correction: None }));
            }
            match chosen(attempt, &line).as_deref() {
                Ok([one]) => return Ok(Some(Answer::Truth { says: false, correction: Some(*one) })),
                Ok(_) => self.console.say("Write one number.")?,
                Err(message) => self.console.say(message)?,
            }
            if patience.is_over() {
                return Ok(None);
            }
        }
    }

    /// The points of a card's rubric the learner found in their own words; `None` when the input ended.
    fn met(&mut self, rubric: &[String], model: &str) -> anyhow::Result<Option<Vec<bool>>> {
        self.console.prose(model)?;
        for (index, point) in rubric.iter().enumerate() {
            self.console.line(&format!("  {}) {}", index + 1, content::unmarked(point)))?;
        }
        let mut patience = Patience::default();
        loop {
            let Some(said) = self.line("the numbers of what you said; enter for none")? else { return Ok(None) };
            match numbers(&said, rubric.len()) {
                Some(numbers) => return Ok(Some((0..rubric.len()).map(|index| numbers.contains(&index)).collect())),
                None => self.console.say(&format!("Write numbers from 1 to {}.", rubric.len()))?,
            }
            if patience.is_over() {
                return Ok(None);
            }
        }
    }

    fn feedback(
        &mut self,
        question: &Question,
        attempt: &Attempt,
        answer: &Answer,
        grade: &Grade,
    ) -> anyhow::Result<()> {
        let kind = attempt.kind(question);
        self.console.line(&format!("\n{}", verdict(kind, answer, grade)))?;
        let beside = matches!(kind, Kind::Order(_) | Kind::Match(_) | Kind::Exercise(_));
        if grade.verdict != Verdict::Right && !beside {
            let (label, right) = match kind {
                // Whether it is true is said already.
                Kind::TrueFalse { .. } => ("What holds", grade.right.split_once(": ").map_or("", |it| it.1)),
                Kind::Design(_) => ("One that works", grade.right.as_str()),
                _ => ("It is", grade.right.as_str()),
            };
            if !right.is_empty() {
                self.console.prose(&format!("{label}: {right}"))?;
            }
        }
        for remark in &grade.remarks {
            let (holds, note) = bearing(question, attempt, answer, remark);
            let sign = sign(kind, answer, holds);
            if remark.about.is_empty() || is_verdict(kind, remark) {
                self.console.prose(&remark.why)?;
            } else if remark.why.is_empty() {
                self.console.prose(&format!("{}{note} ({sign})", remark.about))?;
            } else {
                self.console.prose(&format!("{}{note} ({sign}): {}", remark.about, remark.why))?;
            }
        }
        self.console.prose(&attempt.explanation)?;
        self.console.say(&format!("Source: {}", question.source))?;
        self.shown(question, attempt, answer)
    }

    /// The run behind the question: the command that gives it out, and the instant that answers it.
    fn shown(&mut self, question: &Question, attempt: &Attempt, answer: &Answer) -> anyhow::Result<()> {
        let judged = attempt.judged_by(answer, self.runs).ok().flatten();
        let run = judged.as_ref().or_else(|| attempt.run());
        let (label, demo, seed) = match (run, &question.demo) {
            (Some(run), _) => ("The run", DemoRef { name: run.demo.clone(), knobs: run.knobs.clone() }, run.seed),
            (None, Some(demo)) => ("A run of it", demo.clone(), attempt.seed),
            (None, None) => return Ok(()),
        };
        self.console.line(&format!("{label}: {}", command(&demo.name, &demo.knobs, seed)))?;
        let show = moment(question);
        let stage = show.marker.is_some().then(|| Stage::new(demo, seed)).transpose()?;
        match stage.filter(|it| show.marker.as_deref().is_some_and(|name| it.run.marker(name).is_some())) {
            Some(stage) => self.console.line(&stage.told(&show)),
            None => Ok(()),
        }
    }
}

/// What an answer is told first; of a statement also what was said and what it is.
fn verdict(kind: &Kind, answer: &Answer, grade: &Grade) -> String {
    let word = grade.word(answer);
    let Kind::TrueFalse { truth, .. } = kind else { return word.to_owned() };
    match answer {
        Answer::Truth { says, .. } if says != truth => format!("{word} You said {says}; it is {truth}."),
        Answer::Truth { correction, .. } if grade.verdict == Verdict::Partly => {
            let rest = if correction.is_some() { "your correction does not hold" } else { "you named no correction" };
            format!("{word} It is {truth}, as you said; {rest}.")
        }
        Answer::Skipped => format!("{word} It is {truth}."),
        _ => word.to_owned(),
    }
}

/// What the sign before a remark says on the screen: of an option whether it is true, of the learner's own work whether
/// it was done.
fn sign(kind: &Kind, answer: &Answer, holds: bool) -> &'static str {
    match (kind, holds) {
        (Kind::Order(_) | Kind::Match(_), true) if *answer == Answer::Skipped => "right",
        (Kind::Order(_) | Kind::Match(_), true) => "you had it",
        (Kind::Order(_) | Kind::Match(_), false) => "you did not have it",
        (Kind::Exercise(_), true) => "right",
        (Kind::Exercise(_), false) => "not right",
        (Kind::Design(_), true) => "met",
        (Kind::Design(_), false) => "missed",
        (Kind::Card { .. }, true) => "said",
        (Kind::Card { .. }, false) => "not said",
        (Kind::Multiple(_), true) => "belongs",
        (Kind::Multiple(_), false) => "does not belong",
        (_, true) => "holds",
        (_, false) => "does not hold",
    }
}

fn is_answered(answers: &[Answered], item: usize) -> bool {
    answers.iter().any(|it| it.place.as_ref().is_some_and(|it| it.item as usize == item))
}

/// The question with this attempt's values; an error says why it cannot be asked.
fn prepared<'a>(content: &'a Content, item: &Item, runs: &dyn Runs) -> Result<(&'a Question, Attempt), String> {
    let question = content.question(&item.question);
    let question = question.ok_or_else(|| format!("{} is no longer in the content.", item.question))?;
    Ok((question, Attempt::new(question, item.seed, runs)?))
}
