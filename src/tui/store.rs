//! The store's thread: keeps what screens ask for, one after the other, and tells what is known then.
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use jiff::Zoned;
use jiff::civil::Date;

use super::Input;
use super::action::{Event, Outcome};
use super::learner::{Given, Keep, Kept, Learner};
use super::perform::mistake;
use crate::practice::{Answered, Sitting};
use crate::progress::{Position, Prediction, Store, StoreError, Vote};

/// Opens the store, or one in memory with the reason why nothing will be kept. It runs on the store's thread: the first
/// paint waits neither for a disk nor for another program that has the file.
pub type Open = Box<dyn FnOnce() -> (Store, Option<String>) + Send>;

/// The way to the store's thread.
pub(super) struct Keeper {
    asks: Sender<Keep>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts the thread; it opens the store, and the first thing it says is what it knows.
    pub(super) fn start(open: Open, inputs: Sender<Input>) -> std::io::Result<Self> {
        let (asks, wishes) = mpsc::channel::<Keep>();
        let thread = thread::Builder::new().name("store".to_owned()).spawn(move || {
            // The receiver is gone only when the program ends; what was asked is kept all the same.
            let say = |outcome| drop(inputs.send(Input::Event(Event::Done(outcome))));
            let begin = || {
                let (mut store, unkept) = open();
                let said = opened(&mut store, unkept, Zoned::now().date());
                (store, said)
            };
            let mut store = match panic::catch_unwind(AssertUnwindSafe(begin)) {
                Ok((store, said)) => {
                    said.into_iter().for_each(say);
                    store
                }
                Err(panic) => {
                    let message = mistake("reading of your progress", panic);
                    return say(Outcome::Unready(format!("{message} Nothing of it was changed. ctrl and c leave.")));
                }
            };
            for keep in wishes {
                kept(&mut store, keep, &Zoned::now()).into_iter().for_each(say);
            }
        })?;
        Ok(Self { asks, thread })
    }

    /// Asks for something to be kept.
    ///
    /// # Errors
    /// A message for the learner when the thread has ended, which it does only by a mistake of ours.
    pub(super) fn keep(&self, keep: Keep) -> Result<(), String> {
        let gone = |_| "The store has stopped; nothing more is kept. Please start Roundtrip again.".to_owned();
        self.asks.send(keep).map_err(gone)
    }

    /// Waits until everything asked is on the disk.
    pub(super) fn close(self) {
        drop(self.asks);
        drop(self.thread.join());
    }
}

/// The first things said: why nothing is kept, when nothing is, and what the store knows, which the program waits for. A store
/// that cannot be read gives way to an empty one in memory, so that what is wrong with it is left as it is.
pub fn opened(store: &mut Store, unkept: Option<String>, today: Date) -> Vec<Outcome> {
    let (unkept, learner) = match store.snapshot() {
        Ok(snapshot) => (unkept, snapshot),
        Err(error) => {
            // Without memory for one the old store stays; it says itself what it cannot keep.
            Store::open_in_memory().into_iter().for_each(|empty| *store = empty);
            (Some(unkept.unwrap_or_else(|| error.to_string())), Learner::default())
        }
    };
    let learner = Outcome::Learner { learner: Arc::new(learner), today };
    unkept.map(Outcome::Unkept).into_iter().chain([learner]).collect()
}

/// What the store knows now, and which day it is; after a failure the screens go on with what they knew.
pub fn known(store: &mut Store, today: Date) -> Outcome {
    match store.snapshot() {
        Ok(snapshot) => Outcome::Learner { learner: Arc::new(snapshot), today },
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Keeps something; says first what came of it, then what is known now.
pub fn kept(store: &mut Store, keep: Keep, now: &Zoned) -> [Outcome; 2] {
    let kept = stored(store, keep, now).unwrap_or_else(|error| Kept::NotKept { message: error.to_string() });
    [Outcome::Kept(kept), known(store, now.date())]
}

fn stored(store: &mut Store, keep: Keep, now: &Zoned) -> Result<Kept, StoreError> {
    let at = now.timestamp();
    match keep {
        Keep::Answer(given) => return answer(store, given, now),
        Keep::Draft { question, seed, text } => {
            store.draft(&question, seed, &text, at)?;
            return Ok(Kept::Draft { question, seed });
        }
        Keep::Begin { context, chapter, items, wish } => {
            let sitting = Sitting { wish, ..Sitting::new(context, chapter, items, at) };
            let id = store.begin(&sitting)?;
            return Ok(Kept::Begun { id, sitting });
        }
        Keep::End { sitting, left_out } => store.end(&sitting, &left_out, at)?,
        Keep::Position { lesson, step, done } => {
            let step = narrow(step);
            store.stand(&lesson, &Position { step, furthest: step, done: done.then_some(at), at })?;
        }
        Keep::Prediction { lesson, step, guess, measured } => {
            store.predicted(&Prediction { lesson, step: narrow(step), guess, measured, at })?;
        }
        Keep::Vote { question, round, hands } => store.voted(&Vote { question, round, hands, at })?,
        Keep::Interview(date) => store.set_interview(date, at)?,
    }
    Ok(Kept::Noted)
}

fn answer(store: &mut Store, given: Given, now: &Zoned) -> Result<Kept, StoreError> {
    let Given { question, seed, answer, grade, confidence, hints, context, place } = given;
    let (at, day) = (now.timestamp(), now.date());
    let answered = Answered { question, seed, answer, grade, confidence, hints, at, day, context, place };
    store.answer(&answered)?;
    Ok(Kept::Answer { question: answered.question, seed })
}

/// Steps are few.
fn narrow(step: usize) -> u32 {
    u32::try_from(step).unwrap_or(u32::MAX)
}
