//! The run a question is about: beside it while it is asked, and opened by "show me" afterwards.
use super::Session;
use crate::content::{self, DemoRef, Kind, Question, Show};
use crate::practice::{Answer, Asked, Attempt, Run, moment};
use crate::tui::action::{Effect, Place};
use crate::tui::runs::DemoRuns;
use crate::tui::stage::Stage;

impl Session {
    /// A question about a capture shows it beside itself, what is asked for hidden; one that is answered with settings shows
    /// the run its task is about, whole.
    pub(super) fn look_at_run(&mut self, question: &Question, attempt: &Attempt) -> Vec<Effect> {
        let is_shown = match &question.kind {
            Kind::Field(_) => true,
            Kind::Predict { shown, .. } => *shown,
            Kind::Exercise(exercise) => exercise.shown,
            _ => false,
        };
        let stage = match attempt.design().and_then(|asked| asked.before.as_ref()) {
            Some(before) => stage(before),
            None => attempt.run().filter(|_| is_shown).and_then(|run| withheld(run, question, attempt)),
        };
        let Some(mut stage) = stage else { return Vec::new() };
        let effects = stage.start();
        self.stage = Some(stage);
        effects
    }

    /// After the answer the run beside the question keeps nothing back and stands where the answer is to be seen; where values
    /// were chosen it is the run with them.
    pub(super) fn uncover(&mut self) -> Vec<Effect> {
        let Some(asking) = &self.asking else { return Vec::new() };
        if let Some(mut stage) = exercised(&asking.question, &asking.attempt) {
            let effects = stage.start();
            self.stage = Some(stage);
            return effects;
        }
        let Some(beside) = &mut self.stage else { return Vec::new() };
        let show = moment(&asking.question);
        let Some(run) = judged(Some(&asking.attempt), asking.answered()) else {
            beside.unhide();
            beside.show(&Show { view: "packets".to_owned(), ..show });
            return Vec::new();
        };
        let Some(mut stage) = stage(&run) else { return Vec::new() };
        stage.show_or_begin(&show);
        let effects = stage.start();
        self.stage = Some(stage);
        effects
    }

    /// Opens the run behind the question on show.
    pub(super) fn behind(&self) -> Option<Effect> {
        let asking = self.asking.as_ref()?;
        behind(&asking.question, Some(&asking.attempt), asking.answered(), asking.attempt.seed)
    }
}

/// The run an exercise was made of, nothing hidden, at the packet it was about.
fn exercised(question: &Question, attempt: &Attempt) -> Option<Stage> {
    let (Kind::Exercise(exercise), Some(run)) = (&question.kind, attempt.run()) else { return None };
    let mut stage = stage(run)?;
    stage.show(&moment(question));
    if let Some(packet) = attempt.packet() {
        stage.stay_at_packet(packet, &exercise.tap);
    }
    Some(stage)
}

fn stage(run: &Run) -> Option<Stage> {
    let demo = DemoRef { name: run.demo.clone(), knobs: run.knobs.clone() };
    Stage::new(&demo, run.seed).ok()
}

/// The packets of a run, without what would answer the question.
fn withheld(run: &Run, question: &Question, attempt: &Attempt) -> Option<Stage> {
    let mut stage = stage(run)?;
    stage.withhold();
    if let (Kind::Field(hidden), Asked::Field { revealed, .. }) = (&question.kind, &attempt.asked) {
        stage.ask_for_field(revealed.packet, &hidden.field);
    } else {
        stage.capture_first();
    }
    stage.show(&Show { view: "packets".to_owned(), ..Show::default() });
    Some(stage)
}

/// The run with the values that were chosen, or with the model's where none were.
fn judged(attempt: Option<&Attempt>, answer: Option<&Answer>) -> Option<Run> {
    attempt?.judged_by(answer.unwrap_or(&Answer::Skipped), &DemoRuns).ok()?
}

/// Opens the demo behind a question, at the instant that answers it: the very run it was asked about or judged by, or else
/// the one its author names.
pub(super) fn behind(
    question: &Question,
    attempt: Option<&Attempt>,
    answer: Option<&Answer>,
    seed: u64,
) -> Option<Effect> {
    let judged = judged(attempt, answer);
    if let Some(run) = judged.as_ref().or_else(|| attempt.and_then(Attempt::run)) {
        let demo = DemoRef { name: run.demo.clone(), knobs: run.knobs.clone() };
        return Some(Effect::Go(Place::Shown { demo, seed: run.seed, show: moment(question) }));
    }
    let own = match &question.kind {
        Kind::Field(hidden) => Some(hidden.demo.clone()),
        Kind::Exercise(content::Exercise { demo, .. }) | Kind::Predict { demo, .. } => {
            Some(DemoRef { name: demo.clone(), ..DemoRef::default() })
        }
        Kind::Design(design) => Some(DemoRef { name: design.demo.clone(), ..DemoRef::default() }),
        _ => None,
    };
    let demo = question.demo.clone().or(own)?;
    Some(Effect::Go(Place::Shown { demo, seed, show: moment(question) }))
}
