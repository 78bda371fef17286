//! A lesson as text: its steps one after the other, its run beside them in words.
use std::process::ExitCode;

use anyhow::bail;
use jiff::Timestamp;

use super::console::{Console, Patience};
use super::stage::{Numbers, Stage};
use super::{kept, loaded};
use crate::cli::arguments::{Learn, Options};
use crate::cli::{Misuse, start};
use crate::content::layout;
use crate::content::{DemoRef, Lesson, Predict, Step};
use crate::practice::{guess, number_hint};
use crate::progress::{Position, Prediction, Store};
use crate::tui::course;

/// Columns of the text.
const WIDTH: usize = 78;

/// Reads a lesson aloud, so to say.
pub(in crate::cli) fn learn(options: &Options, learn: &Learn) -> anyhow::Result<ExitCode> {
    let content = loaded(options);
    let mut store = kept(options);
    let (lesson, from) = course::meant(&content, &store.snapshot()?, learn.lesson.as_deref()).map_err(Misuse)?;
    let seed = options.seed.unwrap_or(start::SEED);
    let mut reader = Reader { console: Console::new(), store, lesson, seed, stage: None, is_untold: false };
    reader.console.line(&format!(
        "{}\n{} steps, about {} minutes",
        lesson.title,
        lesson.steps.len(),
        lesson.minutes
    ))?;
    let is_done = reader.walk(from)?;
    let word = if is_done { "The lesson is done." } else { "Stopped here; the same command goes on with this step." };
    reader.console.line(word)?;
    if is_done && let Some((next, _)) = course::after(&content, &reader.store.snapshot()?, &lesson.id) {
        reader.console.line(&format!("Next: {}, roundtrip learn {} --plain", next.title, next.id))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The conversation, and the run beside it.
struct Reader<'a> {
    console: Console,
    store: Store,
    lesson: &'a Lesson,
    seed: u64,
    stage: Option<Stage>,
    /// The command of this run has not been said.
    is_untold: bool,
}

impl Reader<'_> {
    /// Goes through the steps; says whether the learner came to the end.
    fn walk(&mut self, from: usize) -> anyhow::Result<bool> {
        let lesson = self.lesson;
        let last = lesson.steps.len().saturating_sub(1);
        for (index, step) in lesson.steps.iter().enumerate().skip(from) {
            self.stand(index, false)?;
            if !self.step(index, step)? {
                return Ok(false);
            }
            if index < last {
                match self.console.ask("enter for the next step, q to stop")?.as_deref() {
                    Some("q") => return Ok(false),
                    Some(_) => {}
                    None => return self.ended(),
                }
            }
        }
        self.stand(last, true)?;
        self.console.line("")?;
        Ok(true)
    }

    /// The input has no more lines: how to go through all of it without anybody who answers. Always false.
    fn ended(&mut self) -> anyhow::Result<bool> {
        let id = &self.lesson.id;
        self.console.line(&format!(
            "The input has ended. All steps without a question:\nyes skip | roundtrip learn {id} --plain"
        ))?;
        Ok(false)
    }

    fn stand(&mut self, step: usize, done: bool) -> anyhow::Result<()> {
        let at = Timestamp::now();
        let step = u32::try_from(step)?;
        let position = Position { step, furthest: step, done: done.then_some(at), at };
        Ok(self.store.stand(&self.lesson.id, &position)?)
    }

    /// One step; false when the input ended in it.
    fn step(&mut self, index: usize, step: &Step) -> anyhow::Result<bool> {
        self.console.line(&format!("\n{} of {}: {}\n", index + 1, self.lesson.steps.len(), step.title))?;
        self.set(self.lesson.run_at(index))?;
        let is_veiled = self.is_veiled(index);
        let numbers = Numbers { stage: self.stage.as_ref(), is_guessed: step.predict.is_none() && !is_veiled };
        for row in layout::rows(&step.blocks, WIDTH, &numbers) {
            self.console.line(&row.text())?;
        }
        if let Some(predict) = &step.predict
            && !self.predict(index, predict)?
        {
            return Ok(false);
        }
        let Some(stage) = self.stage.as_ref().filter(|_| !is_veiled) else { return Ok(true) };
        if let Some(show) = &step.show {
            self.console.line(&format!("\n{}", stage.told(show)))?;
            if self.is_untold {
                self.console.line(&format!("The run of this step, all of it: {}", stage.command()))?;
            }
        } else if self.is_untold || step.predict.is_some() {
            self.console.line(&format!("\nThe demo {} has run; all of it: {}", stage.demo.name, stage.command()))?;
        }
        self.is_untold = false;
        Ok(true)
    }

    /// Whether the lesson's first guess is still ahead, about the run of this step: nothing of it may be told before.
    fn is_veiled(&self, step: usize) -> bool {
        let ahead = self.lesson.steps.iter().position(|it| it.predict.is_some()).filter(|first| *first > step);
        ahead.is_some_and(|first| self.lesson.run_at(first) == self.lesson.run_at(step))
    }

    /// Makes the run a step needs, where it is another than before.
    fn set(&mut self, wanted: Option<DemoRef>) -> anyhow::Result<()> {
        if let Some(wanted) = wanted.filter(|it| self.stage.as_ref().is_none_or(|stage| stage.demo != *it)) {
            self.stage = Some(Stage::new(wanted, self.seed)?);
            self.is_untold = true;
        }
        Ok(())
    }

    /// Asks for a guess, then tells what was measured; false when the input ended instead.
    fn predict(&mut self, step: usize, predict: &Predict) -> anyhow::Result<bool> {
        let measured = self.stage.as_ref().and_then(|stage| stage.run.measurement(&predict.measure)).cloned();
        let Some(measured) = measured else { bail!("the run measures no {}", predict.measure) };
        self.console.line("")?;
        self.console.prose(&predict.ask)?;
        let prompt = format!("your guess: {}, or skip", number_hint(predict.unit));
        let mut patience = Patience::default();
        let guess = loop {
            let Some(line) = self.console.ask(&prompt)? else { return self.ended() };
            if line == "q" {
                return Ok(false);
            }
            match guess::read(&line, predict.unit) {
                Ok(guess) => break guess,
                Err(unreadable) => self.console.say(&unreadable.0)?,
            }
            if patience.is_over() {
                return Ok(false);
            }
        };
        if let Some(guess) = guess {
            let (lesson, step, measured) = (self.lesson.id.clone(), u32::try_from(step)?, measured.value);
            self.store.predicted(&Prediction { lesson, step, guess, measured, at: Timestamp::now() })?;
        }
        let verdict = guess::judge(predict, guess, measured.value, &measured.how);
        verdict.said.iter().chain(&verdict.sentences).try_for_each(|text| self.console.prose(text))?;
        Ok(true)
    }
}
