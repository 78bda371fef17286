//! Effects carried out: demos on threads of their own, files, the store.
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;

use super::Input;
use super::action::{Effect, Event, Outcome};

/// Whatever the program touches outside its own state.
pub(super) struct Outside {
    inputs: Sender<Input>,
}

impl Outside {
    #[must_use]
    pub(super) const fn new(inputs: Sender<Input>) -> Self {
        Self { inputs }
    }

    /// Starts an effect; what comes of it arrives as an input. Never waits.
    pub(super) fn perform(&self, effect: Effect) {
        match effect {
            Effect::Run { demo, knobs, setup } => {
                self.aside("demo", move || Outcome::Ran(Arc::new((demo.run)(&knobs, &setup))))
            }
            Effect::Write { path, bytes } => self.aside("write", move || match std::fs::write(&path, bytes) {
                Ok(()) => Outcome::Told(format!("Saved as {path}")),
                Err(error) => Outcome::Failed(format!("{path} could not be written: {error}")),
            }),
            Effect::Read { path } => self.aside("read", move || match std::fs::read_to_string(&path) {
                Ok(text) => Outcome::Read { path, text },
                Err(error) => Outcome::Failed(format!("{path} could not be read: {error}")),
            }),
            Effect::Keep(_) => {}
            // The loop and the app see to these.
            Effect::Quit | Effect::Suspend | Effect::Go(_) | Effect::Replace(_) | Effect::Back => {}
            Effect::Links(_) | Effect::Act(_) | Effect::Say(_) => {}
        }
    }

    fn aside(&self, name: &str, work: impl FnOnce() -> Outcome + Send + 'static) {
        let inputs = self.inputs.clone();
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Nobody listens any more when the program is ending.
            drop(inputs.send(Input::Event(Event::Done(work()))));
        });
        if let Err(error) = started {
            let failed = Outcome::Failed(format!("No thread for this: {error}"));
            drop(self.inputs.send(Input::Event(Event::Done(failed))));
        }
    }

    /// Waits until everything asked of the store is kept.
    pub(super) fn close(self) -> io::Result<()> {
        Ok(())
    }
}
