//! Effects carried out: demos on threads of their own, files, the store.
use std::any::Any;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use super::Input;
use super::action::{Effect, Event, Outcome};
use super::files;
use super::learner::Kept;
use super::runs::DemoRuns;
use super::store::{Keeper, Open};
use super::views::Prepared;
use crate::content::{self, Content, Severity, Source};
use crate::demos::Demo;
use crate::demos::live::{self, Progress, Request, Stop};
use crate::practice::{Attempt, Unreadable, grade};
use crate::recording::saved;
use crate::wire::text::visible;

/// A live run on its way tells this often how far it is.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Whatever the program touches outside its own state.
pub(super) struct Outside {
    inputs: Sender<Input>,
    keeper: Keeper,
    content: Arc<Content>,
}

impl Outside {
    pub(super) fn new(inputs: Sender<Input>, store: Open) -> io::Result<Self> {
        let keeper = Keeper::start(store, inputs.clone())?;
        Ok(Self { inputs, keeper, content: Arc::default() })
    }

    /// Reads the content beside the first paint.
    pub(super) fn load(&self, source: Option<PathBuf>) {
        let remedy = match source {
            Some(_) => "Without --content the course that ships is read; `roundtrip check DIR` may say what is wrong.",
            None => "What you have done is kept.",
        };
        let failed = move |message| Outcome::Unready(format!("{message} {remedy} ctrl and c leave."));
        self.aside_or(
            "reading of the course",
            move |tell| {
                let source = source.as_deref().map_or(Source::Embedded, Source::Folder);
                let (content, problems) = content::load(source);
                let errors = problems.iter().filter(|it| it.severity == Severity::Error).count();
                tell(Outcome::Loaded { content: Arc::new(content), problems: errors });
            },
            failed,
        );
    }

    /// What questions are made of from now on.
    pub(super) fn teach(&mut self, content: &Arc<Content>) {
        self.content = Arc::clone(content);
    }

    /// Starts an effect; what comes of it arrives as an input. Never waits.
    pub(super) fn perform(&self, effect: Effect) {
        let name = match effect {
            Effect::Keep(keep) => {
                if let Err(message) = self.keeper.keep(keep) {
                    self.say(Outcome::Kept(Kept::NotKept { message }));
                }
                return;
            }
            Effect::RunLive { demo, request, stop } => return self.run_live(demo, request, stop),
            Effect::Run { .. } => "demo",
            Effect::Write { .. } => "write",
            Effect::Read { .. } => "read",
            Effect::Capture(_) => "work on the capture",
            Effect::Prepare(_) => "question",
            Effect::Judge { .. } => "run",
            // The loop and the app see to these.
            Effect::Quit | Effect::Suspend | Effect::Go(_) | Effect::Replace(_) | Effect::Back => return,
            Effect::Links(_) | Effect::Offer { .. } | Effect::Act(_) | Effect::Say(_) | Effect::Warn(_) => return,
        };
        let content = Arc::clone(&self.content);
        let failed = failed(&effect);
        self.aside_or(name, move |tell| carry_out(effect, &content, tell), failed);
    }

    /// Runs a demo on this machine's sockets, and tells how far it is.
    fn run_live(&self, demo: &'static Demo, request: Request, stop: Stop) {
        let work = move |tell: &mut dyn FnMut(Outcome)| {
            let mut told = Duration::ZERO;
            let mut progressed = |progress: &Progress| {
                if progress.elapsed >= told {
                    told = progress.elapsed + TELL_EVERY;
                    tell(Outcome::LiveProgress { stop: stop.clone(), progress: progress.clone() });
                }
            };
            let ran = live::run(demo, &request, &stop, &mut progressed);
            let ran = ran
                .map(|ran| (Arc::new(Prepared::new(Arc::new(ran.recording))), ran.trouble))
                .map_err(|error| error.to_string());
            tell(Outcome::RanLive { stop, ran });
        };
        self.aside_or("live run", work, Outcome::Failed);
    }

    /// Works on a thread of its own, which tells what comes of it; `failed` is told why nothing did.
    fn aside_or(
        &self,
        name: &str,
        work: impl FnOnce(&mut dyn FnMut(Outcome)) + Send + 'static,
        failed: impl Fn(String) -> Outcome + Clone + Send + 'static,
    ) {
        let unstarted = failed.clone();
        let inputs = self.inputs.clone();
        let what = name.to_owned();
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Nobody listens any more when the program is ending.
            let mut tell = |outcome| drop(inputs.send(Input::Event(Event::Done(outcome))));
            // A panic here is a mistake of ours; the learner is told, and the rest of the program goes on.
            if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| work(&mut tell))) {
                tell(failed(mistake(&what, panic)));
            }
        });
        if let Err(error) = started {
            self.say(unstarted(format!("No thread for this: {error}")));
        }
    }

    fn say(&self, outcome: Outcome) {
        drop(self.inputs.send(Input::Event(Event::Done(outcome))));
    }

    /// Waits until everything asked of the store is kept.
    pub(super) fn close(self) {
        self.keeper.close();
    }
}

/// What is told of work that panicked.
pub(super) fn mistake(what: &str, panic: Box<dyn Any + Send>) -> String {
    let literal = || panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    let said = panic.downcast_ref::<String>().cloned().or_else(literal);
    let said = said.map(|it| format!(" ({})", visible(&it))).unwrap_or_default();
    format!("The {what} failed by a mistake of Roundtrip's{said}; please report it.")
}

/// What is told of an effect that failed: a run that was to judge an answer gives the question back, other failures do not.
fn failed(effect: &Effect) -> impl Fn(String) -> Outcome + Clone + Send + use<> {
    let judged = match effect {
        Effect::Judge { question, attempt, answer } => Some((question.id.clone(), attempt.seed, answer.clone())),
        _ => None,
    };
    move |message| match judged.clone() {
        Some((question, seed, answer)) => Outcome::Judged { question, seed, answer, graded: Err(Unreadable(message)) },
        None => Outcome::Failed(message),
    }
}

/// Carries out an effect that needs neither the store nor the loop, and tells what comes of it; it may take as long as a demo
/// runs.
pub fn carry_out(effect: Effect, content: &Content, tell: &mut dyn FnMut(Outcome)) {
    let outcome = match effect {
        Effect::Run { demo, knobs, setup } => {
            // What the views look up in a long run takes longer than a key may wait: it is made here.
            let run = Prepared::new(Arc::new((demo.run)(&knobs, &setup)));
            Outcome::Ran(Arc::new(run))
        }
        Effect::Write { path, bytes } => match files::write_new(&path, &bytes) {
            Ok(written) => Outcome::Written { path, text: format!("Saved as {}", written.display()) },
            Err(error) => Outcome::Failed(format!("{path} could not be written: {error}")),
        },
        Effect::Read { path } => match files::read(Path::new(&path), saved::MOST_BYTES) {
            Ok(bytes) => Outcome::Read { path, text: String::from_utf8_lossy(&bytes).into_owned() },
            Err(error) => Outcome::Failed(format!("{path} could not be read: {error}")),
        },
        Effect::Capture(job) => {
            let ticket = job.ticket.clone();
            return job.run(&mut |done| tell(Outcome::Capture { ticket: ticket.clone(), done }));
        }
        Effect::Prepare(item) => {
            let gone = || format!("{} is no longer in the content.", item.question);
            let question = content.question(&item.question).ok_or_else(gone);
            let attempt = question.and_then(|question| Attempt::new(question, item.seed, &DemoRuns));
            Outcome::Prepared { item, attempt: Box::new(attempt) }
        }
        Effect::Judge { question, attempt, answer } => {
            let graded = grade(&question, &attempt, &answer, &DemoRuns);
            Outcome::Judged { question: question.id, seed: attempt.seed, answer, graded }
        }
        _ => return,
    };
    tell(outcome);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn outside() -> (Outside, mpsc::Receiver<Input>) {
        let (sender, inputs) = mpsc::channel();
        let store: Open = Box::new(|| panic!("the file is {}", "odd"));
        (Outside::new(sender, store).expect("a thread"), inputs)
    }

    fn said(inputs: &mpsc::Receiver<Input>) -> Outcome {
        match inputs.recv().expect("it says something") {
            Input::Event(Event::Done(outcome)) => outcome,
            Input::Event(_) | Input::End => panic!("an outcome"),
        }
    }

    #[test]
    fn work_that_panics_says_so_with_its_own_words() {
        let (outside, inputs) = outside();
        let Outcome::Unready(text) = said(&inputs) else { panic!("the store cannot be read") };
        assert!(text.contains("reading of your progress failed") && text.contains("(the file is odd)"), "{text}");
        outside.aside_or("reading of the course", |_| panic!("no\u{1b}such lesson"), Outcome::Unready);
        let Outcome::Unready(text) = said(&inputs) else { panic!("the course cannot be read") };
        assert!(text.contains("reading of the course failed") && text.contains("such lesson"), "{text}");
        assert!(!text.contains('\u{1b}'), "it is made visible: {text:?}");
        outside.close();
    }
}
