//! The terminal: keys -> action -> update -> effects as values; views take `&` and return nothing.
//!
//! Only this file, `terminal`, `perform` and `store` touch the outside: keys, the clock, threads, files.
pub mod action;
pub mod app;
pub mod asking;
pub mod capture;
mod clue;
pub mod course;
pub mod exercises;
pub mod files;
pub mod learner;
pub mod misses;
pub mod perform;
pub mod runs;
pub mod screens;
pub mod stage;
pub mod store;
mod terminal;
pub mod theme;
pub mod view;
pub mod views;
pub mod widgets;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use action::{Effect, Event, Place};
use app::App;
use perform::Outside;

/// While something moves the screen is drawn this often.
pub(crate) const FRAME: Duration = Duration::from_millis(33);

/// What the loop waits for.
enum Input {
    Event(Event),
    /// The terminal is gone or someone asked the program to end.
    End,
}

/// What the screen starts with.
pub struct Start {
    pub store: store::Open,
    /// Content of the learner's own, over that which ships.
    pub content: Option<PathBuf>,
    /// Where to go first, if not home.
    pub place: Option<Place>,
}

/// Runs the program until the learner leaves it. The terminal is as it was afterwards.
///
/// # Errors
/// When the terminal cannot be taken, read or written.
pub fn run(app: App, start: Start) -> io::Result<()> {
    let mut app = app.starting(start.place);
    let (sender, inputs) = mpsc::channel();
    // Before the terminal is taken: no signal may find it taken and nobody listening.
    hear_signals(&sender)?;
    let mut screen = terminal::Screen::take()?;
    app.world.size = screen.size()?;
    screen.draw(|frame| view::draw(frame, &app))?;
    hear_keys(&sender)?;
    let mut outside = Outside::new(sender, start.store)?;
    outside.load(start.content);
    let ended = turn(&mut app, &mut screen, &inputs, &mut outside);
    // Whatever ended it, what was asked of the store is kept.
    outside.close();
    ended
}

/// Update, effects, drawing, and again, until the learner leaves or the terminal is gone.
fn turn(
    app: &mut App,
    screen: &mut terminal::Screen,
    inputs: &Receiver<Input>,
    outside: &mut Outside,
) -> io::Result<()> {
    let mut effects = Vec::new();
    loop {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(()),
                Effect::Suspend => screen.suspend()?,
                other => outside.perform(other),
            }
        }
        screen.draw(|frame| view::draw(frame, app))?;
        let Some(next) = wait(app, inputs) else { return Ok(()) };
        effects = next;
        outside.teach(&app.world.content);
    }
}

/// Waits for what happens next, and takes what has happened by then, so that one drawing shows it all.
fn wait(app: &mut App, inputs: &Receiver<Input>) -> Option<Vec<Effect>> {
    let mut effects = Vec::new();
    let first = match app.pace() {
        None => Some(inputs.recv().ok()?),
        Some(pace) => {
            let before = now();
            let input = match inputs.recv_timeout(pace) {
                Ok(input) => Some(input),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return None,
            };
            effects.extend(app.update(Event::Tick(now() - before)));
            input
        }
    };
    for input in first.into_iter().chain(inputs.try_iter()) {
        match input {
            Input::End => return None,
            Input::Event(event) => effects.extend(app.update(event)),
        }
        if effects.iter().any(|effect| matches!(effect, Effect::Quit | Effect::Suspend)) {
            break;
        }
    }
    Some(effects)
}

#[expect(clippy::disallowed_methods, reason = "the loop is where elapsed time enters")]
fn now() -> Instant {
    Instant::now()
}

fn hear_keys(sender: &Sender<Input>) -> io::Result<()> {
    let keys = sender.clone();
    thread::Builder::new().name("keys".to_owned()).spawn(move || {
        while let Ok(event) = crossterm::event::read() {
            if let Some(event) = translated(event)
                && keys.send(Input::Event(event)).is_err()
            {
                return;
            }
        }
        drop(keys.send(Input::End));
    })?;
    Ok(())
}

fn hear_signals(sender: &Sender<Input>) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT])?;
    let ends = sender.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            drop(ends.send(Input::End));
        }
    })?;
    Ok(())
}

fn translated(event: crossterm::event::Event) -> Option<Event> {
    match event {
        crossterm::event::Event::Key(key) => Some(Event::Key(key)),
        crossterm::event::Event::Mouse(mouse) => Some(Event::Mouse(mouse)),
        crossterm::event::Event::Paste(text) => Some(Event::Paste(text)),
        crossterm::event::Event::Resize(width, height) => Some(Event::Resize(width, height)),
        crossterm::event::Event::FocusGained | crossterm::event::Event::FocusLost => None,
    }
}
