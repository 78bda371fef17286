//! The state of the program and its one writer: events in, effects out.
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use jiff::civil::Date;
use ratatui::layout::{Position, Rect, Size};

use super::action::{Action, Binding, Effect, Event, Key, Outcome, Place};
use super::learner::Learner;
use super::screens::{self, Screen};
use super::theme::Theme;
use crate::content::Content;
use crate::practice::fresh_seed;

/// Below this the screens do not fit; see [`super::view`].
pub const SMALLEST: Size = Size::new(60, 16);

/// How many screens back can go; the oldest above home is forgotten.
const MOST_SCREENS: usize = 32;

/// So many keys pressed before the world is ready are taken then; more are lost.
const MOST_EARLY: usize = 64;

/// How long a message stays.
const SAID_FOR: Duration = Duration::from_secs(6);

/// What every screen may read.
pub struct World {
    pub content: Arc<Content>,
    /// False until the content is read, a few milliseconds after the first paint.
    pub loaded: bool,
    pub learner: Arc<Learner>,
    /// False until the store has said what it knows.
    pub known: bool,
    /// Why nothing is kept, when nothing is.
    pub unkept: Option<String>,
    /// Why it will never be ready, when reading the course or the store failed.
    pub unready: Option<String>,
    pub theme: Theme,
    pub size: Size,
    /// The learner's day; none (`Date::ZERO`) until the store has said what it knows.
    pub today: Date,
    /// Where chance comes from; fixed by `--seed` and in tests.
    pub seed: u64,
}

impl World {
    /// Whether the course and the learner are known: before that no screen has anything to act on.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.loaded && self.known
    }

    /// A seed for a new draw.
    #[must_use]
    pub fn fresh_seed(&self) -> u64 {
        fresh_seed(self.seed, self.learner.answers())
    }
}

/// The whole program's state.
pub struct App {
    pub world: World,
    /// The last is the one on show; the first is home.
    pub screens: Vec<Box<dyn Screen>>,
    pub overlay: Option<Box<dyn Screen>>,
    pub said: Option<Said>,
    /// Where to go as soon as the world is ready.
    start: Option<Place>,
    /// Keys pressed before the world was ready, in their order.
    early: Vec<Event>,
}

/// A line for the learner, with the time it still stays.
pub struct Said {
    pub text: String,
    pub bad: bool,
    pub left: Duration,
}

impl App {
    /// The program at its start: home is first, `start` on top of it.
    #[must_use]
    pub fn new(world: World) -> Self {
        let home = Box::new(screens::Home::default());
        Self { world, screens: vec![home], overlay: None, said: None, start: None, early: Vec::new() }
    }

    /// The same, and where it goes once there is content and the learner is known.
    #[must_use]
    pub fn starting(self, start: Option<Place>) -> Self {
        Self { start, ..self }
    }

    /// The screen that has the keys.
    #[must_use]
    pub fn screen(&self) -> &dyn Screen {
        let top = self.overlay.as_ref().or(self.screens.last());
        top.expect("home is never closed").as_ref()
    }

    fn screen_mut(&mut self) -> (&mut Box<dyn Screen>, &World) {
        let top = self.overlay.as_mut().or(self.screens.last_mut());
        (top.expect("home is never closed"), &self.world)
    }

    /// How often time must be told: something on the screen moves or will vanish.
    #[must_use]
    pub fn pace(&self) -> Option<Duration> {
        let said = self.said.as_ref().map(|said| said.left);
        let top = [self.screens.last(), self.overlay.as_ref()];
        top.into_iter().flatten().filter_map(|screen| screen.pace()).chain(said).min()
    }

    /// Every key that works now: the screen's own, then those that work everywhere.
    #[must_use]
    pub fn bindings(&self) -> Vec<Binding> {
        if !self.world.is_ready() {
            return at_any_time(true);
        }
        let screen = self.screen();
        let mut all = screen.bindings(&self.world);
        if self.overlay.is_none() {
            all.extend(everywhere(screen.is_typing()));
        }
        distinct(all)
    }

    /// The only way the state changes.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        if !self.world.is_ready() && self.is_early(&event) {
            return Vec::new();
        }
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
            Event::Key(key) => self.key(key),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Paste(text) => self.act(Action::Paste(text)),
            Event::Resize(width, height) => {
                self.world.size = Size::new(width, height);
                Vec::new()
            }
            Event::Tick(passed) => self.tick(passed),
            Event::Done(outcome) => self.done(&outcome),
        }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        // It was about what came before this key, and covers the footer.
        self.said = None;
        let bindings = self.bindings();
        let bound = bindings.iter().find(|binding| binding.keys.iter().any(|it| it.matches(key)));
        match bound {
            Some(binding) => self.act(binding.action.clone()),
            None if self.screen().is_typing() => self.act(Action::Type(key)),
            None => Vec::new(),
        }
    }

    fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        let (column, row) = (mouse.column, mouse.row);
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let at = Position::new(column, row);
                let on_footer = super::view::footer_action(self, at);
                let clicked = on_footer.or_else(|| self.screen().click(self.body(), at, &self.world));
                clicked.map(|action| self.act(action)).unwrap_or_default()
            }
            MouseEventKind::ScrollDown => self.act(Action::Scroll { column, row, down: true }),
            MouseEventKind::ScrollUp => self.act(Action::Scroll { column, row, down: false }),
            _ => Vec::new(),
        }
    }

    /// The part of the terminal between header and footer.
    #[must_use]
    pub fn body(&self) -> Rect {
        super::view::areas(self.world.size).1
    }

    fn tick(&mut self, passed: Duration) -> Vec<Effect> {
        if let Some(said) = &mut self.said {
            said.left = said.left.saturating_sub(passed);
            self.said.take_if(|it| it.left.is_zero());
        }
        let world = &self.world;
        let top = self.screens.last_mut().into_iter().chain(&mut self.overlay);
        let moving = top.filter(|screen| screen.pace().is_some());
        let effects: Vec<Effect> = moving.flat_map(|screen| screen.update(Action::Tick(passed), world)).collect();
        self.settle(effects)
    }

    /// Does what a key, a click or the palette asked for.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => vec![Effect::Quit],
            Action::Suspend => vec![Effect::Suspend],
            Action::Help => {
                self.cover(|app| Box::new(screens::Help::new(app.bindings(), app.screen().title(&app.world))))
            }
            Action::Palette => self.cover(|app| Box::new(screens::Palette::new(&app.world, &app.bindings()))),
            Action::Back if self.overlay.is_some() => {
                self.overlay = None;
                Vec::new()
            }
            Action::Go(place) => self.go(place),
            Action::Say(text) => self.say(text, false),
            other => {
                let (screen, world) = self.screen_mut();
                let effects = screen.update(other, world);
                self.settle(effects)
            }
        }
    }

    fn cover(&mut self, overlay: impl Fn(&Self) -> Box<dyn Screen>) -> Vec<Effect> {
        self.overlay = Some(overlay(self));
        Vec::new()
    }

    /// Opens a place on top of where one is; home closes everything above it.
    pub fn go(&mut self, place: Place) -> Vec<Effect> {
        self.overlay = None;
        if place == Place::Home {
            self.screens.truncate(1);
            return self.entered();
        }
        match screens::open(place, &self.world) {
            Ok(screen) => {
                self.screens.push(screen);
                if self.screens.len() > MOST_SCREENS {
                    self.screens.remove(1);
                }
                self.entered()
            }
            Err(message) => self.say(message, true),
        }
    }

    fn entered(&mut self) -> Vec<Effect> {
        let (screen, world) = self.screen_mut();
        let effects = screen.entered(world);
        self.settle(effects)
    }

    fn back(&mut self) -> Vec<Effect> {
        if self.overlay.take().is_some() {
            return Vec::new();
        }
        if self.screens.len() == 1 {
            return vec![Effect::Quit];
        }
        self.screens.pop();
        self.entered()
    }

    /// Carries out the effects that only move between screens; the rest goes outside.
    fn settle(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut outside = Vec::new();
        for effect in effects {
            match effect {
                Effect::Go(place) => outside.extend(self.go(place)),
                Effect::Replace(place) => {
                    self.screens.truncate(self.screens.len().saturating_sub(1).max(1));
                    outside.extend(self.go(place));
                }
                Effect::Links(links) => self.overlay = Some(Box::new(screens::Palette::of_links(&links, &self.world))),
                Effect::Act(action) => {
                    self.overlay = None;
                    outside.extend(self.act(action));
                }
                Effect::Back => outside.extend(self.back()),
                Effect::Offer { title, choices } => {
                    self.overlay = Some(Box::new(screens::Palette::of_choices(title, choices)))
                }
                Effect::Say(text) => outside.extend(self.say(text, false)),
                Effect::Warn(text) => outside.extend(self.say(text, true)),
                other => outside.push(other),
            }
        }
        outside
    }

    fn say(&mut self, text: String, bad: bool) -> Vec<Effect> {
        self.said = Some(Said { text, bad, left: SAID_FOR });
        Vec::new()
    }

    fn done(&mut self, outcome: &Outcome) -> Vec<Effect> {
        match outcome {
            Outcome::Loaded { content, problems } => {
                self.world.content = Arc::clone(content);
                self.world.loaded = true;
                if *problems > 0 {
                    let what = if *problems == 1 { "a problem".to_owned() } else { format!("{problems} problems") };
                    self.say(format!("The content has {what}; `roundtrip check` names what to mend."), true);
                }
            }
            Outcome::Learner { learner, today } => {
                self.world.learner = Arc::clone(learner);
                self.world.today = *today;
                self.world.known = true;
            }
            Outcome::Unkept(reason) => self.world.unkept = Some(reason.clone()),
            Outcome::Unready(reason) => self.world.unready = Some(reason.clone()),
            Outcome::Kept(super::learner::Kept::NotKept { message }) => drop(self.say(message.clone(), true)),
            Outcome::Told(text) | Outcome::Written { text, .. } => drop(self.say(text.clone(), false)),
            Outcome::Failed(text) => drop(self.say(text.clone(), true)),
            Outcome::LiveProgress { .. } | Outcome::RanLive { .. } => {}
            Outcome::Ran(_) | Outcome::Read { .. } | Outcome::Prepared { .. } | Outcome::Capture { .. } => {}
            Outcome::Judged { .. } | Outcome::Kept(_) => {}
        }
        let world = &self.world;
        let effects = self.screens.iter_mut().flat_map(|screen| screen.done(outcome, world)).collect();
        let mut effects = self.settle(effects);
        if self.world.is_ready() {
            effects.extend(self.begin());
        }
        effects
    }

    /// Puts by what is for a screen that is not there yet. The keys that end or suspend the program work at any time, and a
    /// click means nothing but on one of them.
    fn is_early(&mut self, event: &Event) -> bool {
        let keeps = match event {
            Event::Key(key) => !self.bindings().iter().any(|it| it.keys.iter().any(|it| it.matches(*key))),
            Event::Paste(_) => true,
            Event::Mouse(MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column, row, .. }) => {
                return super::view::footer_action(self, Position::new(*column, *row)).is_none();
            }
            Event::Mouse(_) => return true,
            Event::Resize(..) | Event::Tick(_) | Event::Done(_) => false,
        };
        if keeps && self.early.len() < MOST_EARLY {
            self.early.push(event.clone());
        }
        keeps
    }

    /// Goes where the program was asked to start; then come the keys that were pressed meanwhile.
    fn begin(&mut self) -> Vec<Effect> {
        let mut effects = self.start.take().map(|place| self.go(place)).unwrap_or_default();
        for event in std::mem::take(&mut self.early) {
            effects.extend(self.update(event));
        }
        effects
    }
}

/// A key does what the first binding with it says; later ones lose it, and those without a key are gone, so that neither
/// footer nor help promises what will not happen.
fn distinct(all: Vec<Binding>) -> Vec<Binding> {
    let mut taken: Vec<Key> = Vec::new();
    let mut kept = Vec::new();
    for mut binding in all {
        binding.keys.retain(|key| !taken.contains(key));
        taken.extend(&binding.keys);
        if !binding.keys.is_empty() {
            kept.push(binding);
        }
    }
    kept
}

/// The keys that work even before there is a screen to act on; quitting is in the footer where no screen has a key for it.
fn at_any_time(quit_in_footer: bool) -> Vec<Binding> {
    let quit = Binding { in_footer: quit_in_footer, ..Binding::new([Key::control('c')], "quit", Action::Quit) };
    vec![Binding::quiet([Key::control('z')], "to the shell", Action::Suspend), quit]
}

fn everywhere(is_typing: bool) -> Vec<Binding> {
    let mut all = vec![Binding::quiet([Key::control('p')], "find anything", Action::Palette)];
    all.extend(at_any_time(false));
    if is_typing {
        all.insert(0, Binding::new([Key::code(KeyCode::F(1))], "help", Action::Help));
    } else {
        all.insert(0, Binding::new([Key::char('?'), Key::code(KeyCode::F(1))], "help", Action::Help));
        all.insert(1, Binding::new([Key::char(':')], "find", Action::Palette));
    }
    all
}
