//! What can happen (events, actions), what shall happen outside (effects), and which key means which.
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent};

use crate::content::{Content, DemoRef, Question, Show};
use crate::demos::live::{Progress, Request, Stop, Target};
use crate::demos::{Demo, Knobs, Setup};
use crate::practice::{Answer, Attempt, Grade, Item, Unreadable, Wish};
use crate::tui::capture::{Done, Job, Source, Ticket};
use crate::tui::views::Prepared;

/// What reaches [`super::app::App::update`]: the only way its state changes.
#[derive(Clone, Debug)]
pub enum Event {
    Key(KeyEvent),
    Mouse(MouseEvent),
    Paste(String),
    Resize(u16, u16),
    /// Time passed while something moves on the screen.
    Tick(Duration),
    /// An effect was carried out.
    Done(Outcome),
}

/// What a key, a click or the palette asks for. Screens take those their bindings name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Quit,
    Back,
    Help,
    Palette,
    Suspend,
    Go(Place),
    /// Shows a line to the learner.
    Say(String),
    // moving about
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    NextPane,
    PreviousPane,
    /// From the text to the stage beside it, or back.
    OtherSide,
    // lessons
    NextStep,
    PreviousStep,
    /// Lists the links of what is on show.
    Links,
    // the stage
    PlayPause,
    Faster,
    Slower,
    StepForward,
    StepBack,
    NextMarker,
    PreviousMarker,
    /// Shows the view of that number, from 0.
    View(usize),
    NextView,
    Knobs,
    RunAgain,
    /// Runs with the seed after this one, or before it.
    Reseed {
        up: bool,
    },
    Compare,
    Reasons,
    /// Whose packets are listed: everybody's, or one host's capture.
    Vantage,
    Drop,
    Delay,
    Duplicate,
    Unfork,
    SaveRun,
    SaveCapture,
    /// Opens what a host of the run captured on the workbench.
    OpenCapture,
    /// Offers the run's texts for other programs.
    Exports,
    /// Saves the text of that name.
    SaveExport(String),
    /// Asks whom a live run shall speak to, or leaves the question.
    Live,
    /// Ends the live run on its way.
    StopLive,
    Zoom,
    /// The chart: a shorter part of the run, a longer one, all of it.
    ZoomIn,
    ZoomOut,
    ZoomWhole,
    /// Opens the list of curves, or closes it.
    Curves,
    ShowAll,
    /// Something of a capture's workbench.
    Capture(super::screens::Wish),
    /// A click into a view.
    Point(super::views::Pointed),
    // questions
    Choose(usize),
    /// Ticks or unticks, takes up or puts down.
    Toggle,
    Submit,
    Hint,
    Confidence,
    ShowMe,
    Skip,
    Again,
    /// Opens the lesson that teaches what was missed.
    Learn,
    /// Asks what was missed once more.
    Misses,
    Reveal,
    Votes,
    /// A key for a text field.
    Type(KeyEvent),
    Paste(String),
    Click {
        column: u16,
        row: u16,
    },
    Scroll {
        column: u16,
        row: u16,
        down: bool,
    },
    Tick(Duration),
}

impl Action {
    /// How many rows on or back it asks for in a list; nothing when it is about something else.
    #[must_use]
    pub const fn rows(&self) -> Option<isize> {
        match self {
            Self::Down | Self::Scroll { down: true, .. } => Some(1),
            Self::Up | Self::Scroll { down: false, .. } => Some(-1),
            Self::PageDown => Some(10),
            Self::PageUp => Some(-10),
            _ => None,
        }
    }
}

/// Where one can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Home,
    Lesson {
        id: String,
        step: usize,
    },
    /// The lesson that is meant, at the step it was left at: by id or a part of its title, or the next one.
    Learn {
        lesson: Option<String>,
    },
    Present {
        lesson: String,
    },
    Quiz {
        chapter: String,
    },
    Drill(DrillWish),
    /// Exactly these questions, as a drill.
    Again {
        questions: Vec<String>,
    },
    /// A quiz or drill that was left, by its id.
    Unfinished {
        sitting: String,
    },
    Demos,
    Demo {
        demo: DemoRef,
        seed: u64,
    },
    /// A demo's run, standing where it answers a question.
    Shown {
        demo: DemoRef,
        seed: u64,
        show: Show,
    },
    /// A demo on this machine's sockets.
    Live {
        demo: DemoRef,
        seed: u64,
        target: Target,
    },
    /// A capture, taken apart.
    Capture(Source),
    /// A saved run's file.
    SavedRun {
        path: String,
    },
    Glossary {
        term: Option<String>,
    },
    Progress,
}

/// What a drill shall be about, and by when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrillWish {
    pub wish: Wish,
    /// The day it must be known by, `2027-01-15`.
    pub until: Option<jiff::civil::Date>,
}

/// What [`super::perform`] does outside: update itself touches nothing.
#[derive(Clone, Debug)]
pub enum Effect {
    Quit,
    Suspend,
    Go(Place),
    /// Goes there instead of here: back does not return to this screen.
    Replace(Place),
    Back,
    /// Offers links, as text and target, to choose from.
    Links(Vec<(String, String)>),
    /// Offers things to do, as kind, text and action, to choose from.
    Offer {
        title: &'static str,
        choices: Vec<(&'static str, String, Action)>,
    },
    /// Closes what covers the screen and does this instead (the palette's choice).
    Act(Action),
    /// Runs a demo on a thread of its own; answered by [`Outcome::Ran`], whose recording's `run` tells what was asked.
    Run {
        demo: &'static Demo,
        knobs: Knobs,
        setup: Setup,
    },
    /// Runs a demo on this machine's sockets, on a thread of its own; answered by [`Outcome::LiveProgress`] again and again
    /// and by [`Outcome::RanLive`] at its end.
    RunLive {
        demo: &'static Demo,
        request: Request,
        stop: Stop,
    },
    /// Writes a saved run or a capture; answered by [`Outcome::Written`].
    Write {
        path: String,
        bytes: Vec<u8>,
    },
    /// Reads a saved run; answered by [`Outcome::Read`].
    Read {
        path: String,
    },
    /// Works on a whole capture; answered by [`Outcome::Capture`].
    Capture(Job),
    /// Makes a question's attempt, running what it needs; answered by [`Outcome::Prepared`].
    Prepare(Item),
    /// Grades an answer that needs a run; answered by [`Outcome::Judged`].
    Judge {
        question: Box<Question>,
        attempt: Box<Attempt>,
        answer: Answer,
    },
    /// Asks the store; answered by [`Outcome::Kept`] (or [`Outcome::Failed`]).
    Keep(super::learner::Keep),
    /// Shows a line to the learner.
    Say(String),
    /// Shows a line about something that went wrong.
    Warn(String),
}

/// What came of an effect.
#[derive(Clone, Debug)]
pub enum Outcome {
    Loaded {
        content: Arc<Content>,
        problems: usize,
    },
    /// What is known of the learner, and the day it is known.
    Learner {
        learner: Arc<super::learner::Learner>,
        today: jiff::civil::Date,
    },
    /// Nothing will be kept, for this reason.
    Unkept(String),
    /// The course, or what is known of the learner, could not be read: nothing can begin. The message says what to do.
    Unready(String),
    Ran(Arc<Prepared>),
    /// How far a live run is; `stop` says which.
    LiveProgress {
        stop: Stop,
        progress: Progress,
    },
    /// A live run is over: what it left and what went wrong in it, or why there is none.
    RanLive {
        stop: Stop,
        ran: Result<(Arc<Prepared>, Option<String>), String>,
    },
    Read {
        path: String,
        text: String,
    },
    /// Work on a capture is done; the ticket says which.
    Capture {
        ticket: Ticket,
        done: Done,
    },
    Prepared {
        item: Item,
        attempt: Box<Result<Attempt, String>>,
    },
    /// What this answer, which needed a run, is worth; or why there was no run to judge it by.
    Judged {
        question: String,
        seed: u64,
        answer: Answer,
        graded: Result<Grade, Unreadable>,
    },
    Kept(super::learner::Kept),
    /// The file that was to have this name is on the disk; the text says where.
    Written {
        path: String,
        text: String,
    },
    /// Something a learner should know.
    Told(String),
    /// Something went wrong; the message says what to do.
    Failed(String),
}

/// A key, what it is called in the footer, and what it does. Screens return those that work now, in the footer's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub keys: Vec<Key>,
    pub label: &'static str,
    pub action: Action,
    /// Whether the footer shows it; help always does.
    pub in_footer: bool,
    /// Whether it goes before the others where the footer has not room for all.
    pub matters: bool,
}

/// A key with the modifiers that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub code: KeyCode,
    pub control: bool,
}

impl Key {
    #[must_use]
    pub const fn char(c: char) -> Self {
        Self { code: KeyCode::Char(c), control: false }
    }

    #[must_use]
    pub const fn control(c: char) -> Self {
        Self { code: KeyCode::Char(c), control: true }
    }

    #[must_use]
    pub const fn code(code: KeyCode) -> Self {
        Self { code, control: false }
    }

    #[must_use]
    pub fn matches(self, event: KeyEvent) -> bool {
        self.code == event.code && self.control == event.modifiers.contains(KeyModifiers::CONTROL)
    }

    /// As the footer writes it: `q`, `enter`, `^p`, `←`.
    #[must_use]
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "space".to_owned(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Enter => "enter".to_owned(),
            KeyCode::Esc => "esc".to_owned(),
            KeyCode::Tab => "tab".to_owned(),
            KeyCode::BackTab => "⇧tab".to_owned(),
            KeyCode::Backspace => "⌫".to_owned(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::PageUp => "pgup".to_owned(),
            KeyCode::PageDown => "pgdn".to_owned(),
            KeyCode::Home => "home".to_owned(),
            KeyCode::End => "end".to_owned(),
            KeyCode::F(n) => format!("f{n}"),
            other => format!("{other:?}").to_lowercase(),
        };
        if self.control { format!("^{name}") } else { name }
    }
}

impl Binding {
    /// A binding the footer shows.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = Key>, label: &'static str, action: Action) -> Self {
        Self { keys: keys.into_iter().collect(), label, action, in_footer: true, matters: false }
    }

    /// The same, before others where the footer has not room for all.
    #[must_use]
    pub const fn first(mut self) -> Self {
        self.matters = true;
        self
    }

    /// A binding only help shows.
    #[must_use]
    pub fn quiet(keys: impl IntoIterator<Item = Key>, label: &'static str, action: Action) -> Self {
        Self { in_footer: false, ..Self::new(keys, label, action) }
    }
}
