//! A lesson as text: its steps one after the other, its run beside them in words.
use std::process::ExitCode;

use anyhow::bail;
use jiff::Timestamp;

use super::console::Console;
use super::loaded;
use crate::cli::arguments::{Learn, Options};
use crate::cli::{folders, start};
use crate::content::layout::{self, Facts};
use crate::content::{DemoRef, Lesson, Predict, Show, Step};
use crate::demos::{self, Setup};
use crate::progress::{Position, Prediction, Store};
use crate::quantity::Quantity;
use crate::recording::{Recording, text};
use crate::tui::course;

/// Reads a lesson aloud, so to say.
pub(in crate::cli) fn learn(options: &Options, learn: &Learn) -> anyhow::Result<ExitCode> {
    let content = loaded(options);
    let (mut store, unkept) = folders::store(options);
    if let Some(why) = unkept {
        eprintln!("roundtrip: progress is not kept: {why}");
    }
    let (lesson, from) =
        course::meant(&content, &store.snapshot()?, learn.lesson.as_deref()).map_err(anyhow::Error::msg)?;
    let mut reader = Reader { console: Console::new(), seed: options.seed.unwrap_or(start::SEED), run: None };
    reader.console.line(&format!(
        "{}\n{} steps, about {} minutes",
        lesson.title,
        lesson.steps.len(),
        lesson.minutes
    ))?;
    for (index, step) in lesson.steps.iter().enumerate().skip(from) {
        stand(&mut store, lesson, index, false)?;
        reader.step(&mut store, lesson, index, step)?;
        let is_last = index + 1 == lesson.steps.len();
        if !is_last && reader.console.ask("enter for the next step, q to stop")?.is_none_or(|line| line == "q") {
            reader.console.line("Stopped here; the same command goes on with this step.")?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    stand(&mut store, lesson, lesson.steps.len().saturating_sub(1), true)?;
    reader.console.line("\nThe lesson is done.")?;
    Ok(ExitCode::SUCCESS)
}

fn stand(store: &mut Store, lesson: &Lesson, step: usize, done: bool) -> anyhow::Result<()> {
    let at = Timestamp::now();
    let step = u32::try_from(step)?;
    Ok(store.stand(&lesson.id, &Position { step, furthest: step, done: done.then_some(at), at })?)
}

/// The conversation, and the run beside it.
struct Reader {
    console: Console,
    seed: u64,
    run: Option<(DemoRef, Recording)>,
}

/// The numbers of the run, for the text.
struct Numbers<'a>(Option<&'a Recording>);

impl Facts for Numbers<'_> {
    fn measured(&self, name: &str) -> Option<String> {
        Some(self.0?.measurement(name)?.value.to_string())
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.0?.run.knobs.get(name).cloned()
    }
}

impl Reader {
    fn step(&mut self, store: &mut Store, lesson: &Lesson, index: usize, step: &Step) -> anyhow::Result<()> {
        self.console.line(&format!("\n{} of {}: {}\n", index + 1, lesson.steps.len(), step.title))?;
        let is_new = self.set(lesson.run_at(index))?;
        let rows = layout::rows(&step.blocks, 78, &Numbers(self.run.as_ref().map(|(_, run)| run)));
        for row in rows {
            self.console.line(&row.text())?;
        }
        if let Some(predict) = &step.predict {
            self.predict(store, lesson, index, predict)?;
        }
        let Some((demo, run)) = &self.run else { return Ok(()) };
        let told = match (&step.show, is_new && step.predict.is_none()) {
            (Some(show), _) => Some(shown(run, show)),
            (None, true) => {
                Some(format!("The demo {} has run; `roundtrip demo {} --text` tells all of it.", demo.name, demo.name))
            }
            (None, false) => None,
        };
        if let Some(told) = told {
            self.console.line(&format!("\n{told}"))?;
        }
        Ok(())
    }

    /// Makes the run a step needs; says whether it is another than before.
    fn set(&mut self, wanted: Option<DemoRef>) -> anyhow::Result<bool> {
        let Some(wanted) = wanted else { return Ok(false) };
        if self.run.as_ref().is_some_and(|(demo, _)| *demo == wanted) {
            return Ok(false);
        }
        let setup = Setup { seed: self.seed, interventions: Vec::new() };
        let run = demos::run(&wanted.name, &wanted.knobs, &setup)?;
        self.run = Some((wanted, run));
        Ok(true)
    }

    fn predict(&mut self, store: &mut Store, lesson: &Lesson, step: usize, predict: &Predict) -> anyhow::Result<()> {
        let measured = self.run.as_ref().and_then(|(_, run)| run.measurement(&predict.measure)).cloned();
        let Some(measured) = measured else { bail!("the run measures no {}", predict.measure) };
        self.console.line("")?;
        self.console.say(&predict.ask)?;
        let said = loop {
            let Some(line) = self.console.ask("your guess, with its unit; enter skips")? else { break None };
            if line.is_empty() {
                break None;
            }
            match Quantity::parse(&line, predict.unit) {
                Ok(said) => break Some(said),
                Err(error) => self.console.say(&error.to_string())?,
            }
        };
        self.console.say(&format!("Measured: {} ({}).", measured.value, measured.how))?;
        let Some(guess) = said else { return Ok(()) };
        if let Some(wrong) = predict.wrong.iter().find(|wrong| wrong.value == guess) {
            self.console.say(&wrong.why)?;
        }
        let (lesson, step, measured) = (lesson.id.clone(), u32::try_from(step)?, measured.value);
        Ok(store.predicted(&Prediction { lesson, step, guess, measured, at: Timestamp::now() })?)
    }
}

/// What the screen would show beside the step, in words.
fn shown(run: &Recording, show: &Show) -> String {
    let marker = show.marker.as_deref().and_then(|name| run.marker(name));
    let packet = marker.and_then(|it| it.packet).and_then(|n| run.packet(n));
    match (show.view.as_str(), marker, packet) {
        ("table", ..) => text::measurements_text(run),
        (_, Some(marker), Some(packet)) => {
            let (from, to) = (run.node_name(packet.from), run.node_name(packet.to));
            let reason = packet.reason.as_deref().map(|it| format!(" ({it})")).unwrap_or_default();
            format!(
                "At {}, {}: packet {}, {from} to {to}: {}{reason}",
                marker.at, marker.label, packet.n, packet.summary
            )
        }
        (_, Some(marker), None) => format!("At {}: {}", marker.at, marker.label),
        _ => text::packets_text(run),
    }
}
