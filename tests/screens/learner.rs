//! A learner at the program: the real app, content and store, with effects carried out at once and no terminal.
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Zoned;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;
use roundtrip::content::{self, Content};
use roundtrip::practice::{Context, Item, Sitting};
use roundtrip::progress::Store;
use roundtrip::tui::action::{Effect, Event, Outcome, Place};
use roundtrip::tui::app::{App, World};
use roundtrip::tui::learner::Keep;
use roundtrip::tui::theme::Theme;
use roundtrip::tui::{perform, store, view};

/// The sizes every screen is looked at in.
const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// More effects in a row than any key has.
const MOST_EFFECTS: usize = 200;

/// The app, and what it touches.
pub(crate) struct Learner {
    pub(crate) app: App,
    store: Store,
    pub(crate) now: Zoned,
    /// The learner asked to leave the program.
    pub(crate) left: bool,
}

/// All that comes of an effect, in order.
pub(crate) fn outcomes(effect: Effect, content: &Content) -> Vec<Outcome> {
    let mut all = Vec::new();
    perform::carry_out(effect, content, &mut |it| all.push(it));
    all
}

/// The course, read once for all tests.
pub(crate) fn course() -> Arc<Content> {
    static COURSE: std::sync::OnceLock<Arc<Content>> = std::sync::OnceLock::new();
    Arc::clone(COURSE.get_or_init(|| Arc::new(content::load(content::Source::Embedded).0)))
}

impl Learner {
    /// Someone who starts the program for the first time.
    pub(crate) fn new() -> Self {
        Self::of(Store::open_in_memory().expect("memory"))
    }

    /// Someone with this store, on a Monday at noon.
    pub(crate) fn of(store: Store) -> Self {
        let mut learner = Self::early(store, None);
        learner.ready();
        learner
    }

    /// The same before the course and the store were read, on the way to a place.
    pub(crate) fn early(store: Store, start: Option<Place>) -> Self {
        let world = World {
            content: Arc::default(),
            loaded: false,
            learner: Arc::default(),
            known: false,
            unkept: None,
            unready: None,
            theme: Theme::named("dark").expect("it ships"),
            size: Size::new(80, 24),
            today: Date::ZERO,
            seed: 1,
        };
        let now = date(2026, 3, 2).at(12, 0, 0, 0).to_zoned(TimeZone::UTC).expect("UTC has every hour");
        Self { app: App::new(world).starting(start), store, now, left: false }
    }

    /// The course is read, and the store has said what it knows.
    pub(crate) fn ready(&mut self) -> &mut Self {
        self.event(Event::Done(Outcome::Loaded { content: course(), problems: 0 }));
        for outcome in store::opened(&mut self.store, None, self.now.date()) {
            self.event(Event::Done(outcome));
        }
        self
    }

    /// Something happens; everything that follows from it is carried out.
    pub(crate) fn event(&mut self, event: Event) -> &mut Self {
        let effects = self.app.update(event);
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> &mut Self {
        let mut waiting = std::collections::VecDeque::from(effects);
        for _ in 0..MOST_EFFECTS {
            let Some(effect) = waiting.pop_front() else { return self };
            for outcome in self.outcomes(effect) {
                waiting.extend(self.app.update(Event::Done(outcome)));
            }
        }
        panic!("one event had more than {MOST_EFFECTS} effects; next is {:?}", waiting.front());
    }

    fn outcomes(&mut self, effect: Effect) -> Vec<Outcome> {
        match effect {
            Effect::Keep(keep) => store::kept(&mut self.store, keep, &self.now).into(),
            // Tests leave no files behind.
            Effect::Write { path, .. } => vec![Outcome::Told(format!("Saved as {path}"))],
            Effect::Quit => {
                self.left = true;
                Vec::new()
            }
            other => outcomes(other, &self.app.world.content),
        }
    }

    /// Presses a key.
    pub(crate) fn key(&mut self, code: KeyCode) -> &mut Self {
        self.event(Event::Key(KeyEvent::from(code)))
    }

    /// Presses a key so many times.
    pub(crate) fn times(&mut self, count: usize, code: KeyCode) -> &mut Self {
        for _ in 0..count {
            self.key(code);
        }
        self
    }

    /// Presses a key with control.
    pub(crate) fn control(&mut self, c: char) -> &mut Self {
        self.event(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
    }

    /// Types characters, one key each.
    pub(crate) fn keys(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.key(KeyCode::Char(c));
        }
        self
    }

    pub(crate) fn enter(&mut self) -> &mut Self {
        self.key(KeyCode::Enter)
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.event(Event::Resize(width, height))
    }

    /// Goes straight to a place.
    pub(crate) fn go(&mut self, place: Place) -> &mut Self {
        let effects = self.app.go(place);
        self.perform(effects)
    }

    /// Opens a lesson at a step, from 1 as the header counts.
    pub(crate) fn lesson(&mut self, id: &str, step: usize) -> &mut Self {
        self.go(Place::Lesson { id: id.to_owned(), step: step - 1 })
    }

    /// Begins a quiz of exactly these questions.
    pub(crate) fn quiz(&mut self, questions: &[&str]) -> &mut Self {
        self.sitting(Context::Quiz, questions)
    }

    /// Begins a drill of exactly these questions.
    pub(crate) fn drill(&mut self, questions: &[&str]) -> &mut Self {
        self.sitting(Context::Drill, questions)
    }

    fn sitting(&mut self, context: Context, questions: &[&str]) -> &mut Self {
        let items = questions.iter().map(|id| Item { question: (*id).to_owned(), seed: 7 }).collect();
        let chapter = (context == Context::Quiz).then(|| "W1".to_owned());
        let sitting = Sitting::new(context, chapter, items, self.now.timestamp());
        let id = self.store.begin(&sitting).expect("it is kept");
        let known = store::known(&mut self.store, self.now.date());
        self.event(Event::Done(known)).go(Place::Unfinished { sitting: id })
    }

    /// Keeps something as if another program had, and tells the app.
    pub(crate) fn keep(&mut self, keep: Keep) -> &mut Self {
        self.perform(vec![Effect::Keep(keep)])
    }

    /// The cells of the screen.
    pub(crate) fn buffer(&self) -> Buffer {
        let Size { width, height } = self.app.world.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("cells in memory");
        terminal.draw(|frame| view::draw(frame, &self.app)).expect("cells in memory");
        terminal.backend().buffer().clone()
    }

    /// What the screen says.
    pub(crate) fn text(&self) -> String {
        text(&self.buffer())
    }

    /// Compares what is on show with the reviewed screens of that name, in each of [`SIZES`].
    #[track_caller]
    pub(crate) fn shows(&mut self, name: &str) -> &mut Self {
        for (width, height) in SIZES {
            self.resize(width, height);
            reviewed(&format!("{name}_{width}x{height}"), &self.text());
        }
        self
    }
}

/// Compares a text with the reviewed one of that name.
#[track_caller]
pub(crate) fn reviewed(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots");
    settings.bind(|| insta::assert_snapshot!(name.to_owned(), text));
}

/// The symbols of a buffer, a line a row; wide characters take their two columns once.
pub(crate) fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut covered = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if covered == 0 {
                line.push_str(symbol);
                covered = unicode_width::UnicodeWidthStr::width(symbol).max(1);
            }
            covered -= 1;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
