//! The palette: any lesson, demo, term or action by a few of its letters.
use crossterm::event::{KeyCode, KeyEvent};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use super::Screen;
use crate::content::{DemoRef, Term};
use crate::demos;
use crate::tui::action::{Action, Binding, Effect, Key, Place};
use crate::tui::app::World;
use crate::tui::course;
use crate::tui::theme::Theme;
use crate::tui::view;
use crate::tui::views::pen::cut;
use crate::tui::widgets::field::Field;

/// Something the palette can find.
struct Entry {
    kind: &'static str,
    name: String,
    /// More words it is found by, which its row does not show: ids, chapters, knobs.
    also: String,
    action: Action,
}

/// What is said of a lesson's rows.
const LESSON: &str = "lesson";

/// How well a name fits what was typed, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Equal,
    Begins,
    /// Every word typed begins a word of the name.
    Words,
    Contains,
    /// Every word typed begins a word of the name, or of what it is found by besides.
    Also,
    /// Its letters stand there in order; shown only where nothing fits better.
    Letters,
}

impl Entry {
    fn new(kind: &'static str, name: String, action: Action) -> Self {
        Self { kind, name, also: String::new(), action }
    }

    /// The same, found by these words too.
    fn also(self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let all: Vec<String> = words.into_iter().map(Into::into).collect();
        Self { also: all.join(" ").to_lowercase(), ..self }
    }

    /// How well it fits lower-case text, by any of its names: `W2 Title`, `Title (demo-name)`, `Quiz: W2 Title`.
    fn rank(&self, typed: &str) -> Rank {
        let name = self.name.to_lowercase();
        let (title, inner) = name.split_once(" (").unwrap_or((&name, ""));
        let is_chapter = |word: &str| word.strip_prefix('w').is_some_and(|it| it.parse::<u8>().is_ok());
        let bare = title.split_once(' ').filter(|it| is_chapter(it.0)).map_or("", |it| it.1);
        let names = [name.as_str(), title, inner.trim_end_matches(')'), bare];
        let by_name = names.into_iter().filter(|it| !it.is_empty()).map(|it| rank(it, typed)).min();
        match by_name.unwrap_or(Rank::Letters) {
            Rank::Letters if begins_words(&format!("{name} {}", self.also), typed) => Rank::Also,
            by_name => by_name,
        }
    }
}

/// Words of a question that say nothing of what it is about.
const FILLING: &str = "a an and are do does for how i in is of the to what why";

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// How many of the words typed begin a word of a text, and of how many.
fn begun(text: &str, typed: &str) -> (usize, usize) {
    let is_there = |typed: &&str| words(text).any(|word| word.starts_with(typed));
    let wanted: Vec<&str> = words(typed).filter(|word| !words(FILLING).any(|it| it == *word)).collect();
    (wanted.iter().copied().filter(|it| is_there(it)).count(), wanted.len())
}

/// Whether every word typed begins a word of a text, in whatever order.
fn begins_words(text: &str, typed: &str) -> bool {
    let (there, wanted) = begun(text, typed);
    wanted > 0 && there == wanted
}

/// `W5` as one would also say it: `W5 week 5`.
fn week(chapter: &str) -> String {
    match chapter.strip_prefix('W') {
        Some(number) => format!("{chapter} week {number}"),
        None => chapter.to_owned(),
    }
}

fn rank(name: &str, typed: &str) -> Rank {
    match () {
        () if name == typed => Rank::Equal,
        () if name.starts_with(typed) => Rank::Begins,
        () if begins_words(name, typed) => Rank::Words,
        () if name.contains(typed) => Rank::Contains,
        () => Rank::Letters,
    }
}

/// What was typed, and what fits it, best first.
pub struct Palette {
    entries: Vec<Entry>,
    typed: String,
    found: Vec<usize>,
    row: usize,
    title: &'static str,
}

impl Palette {
    #[must_use]
    pub fn new(world: &World, bindings: &[Binding]) -> Self {
        let mut entries = places();
        entries.extend(lessons(world));
        entries.extend(actions(bindings));
        entries.extend(demos::all().iter().map(|demo| {
            let wanted = DemoRef { name: demo.name.to_owned(), ..DemoRef::default() };
            let action = Action::Go(Place::Demo { demo: wanted, seed: world.seed });
            let knobs = demo.knobs.iter().map(|it| it.name.to_owned());
            let chapters = demo.chapters.iter().map(|it| week(it));
            Entry::new("demo", format!("{} ({})", demo.title, demo.name), action).also(knobs.chain(chapters))
        }));
        entries.extend(world.content.glossary.iter().map(|term| {
            Entry::new("term", term.term.clone(), Action::Go(Place::Glossary { term: Some(term.term.clone()) }))
        }));
        entries.extend(world.content.glossary.iter().filter_map(|term| taught(world, term)));
        Self::of(entries, "Find a lesson, demo, term or action")
    }

    fn of(entries: Vec<Entry>, title: &'static str) -> Self {
        let mut palette = Self { entries, typed: String::new(), found: Vec::new(), row: 0, title };
        palette.find();
        palette
    }

    /// Links to choose from: lessons by id, `term:` and a word, or an address of the web.
    #[must_use]
    pub fn of_links(links: &[(String, String)], world: &World) -> Self {
        let entry = |(text, target): &(String, String)| {
            let (kind, action) = match target.strip_prefix("term:") {
                Some(term) => ("term", Action::Go(Place::Glossary { term: Some(term.to_owned()) })),
                None if target.contains("://") => ("web", Action::Say(target.clone())),
                None => (LESSON, lesson(world, target)),
            };
            Entry::new(kind, text.clone(), action)
        };
        Self::of(links.iter().map(entry).collect(), "Links of this step")
    }

    /// Things to do to choose from: their kind, their name, and what they do.
    #[must_use]
    pub fn of_choices(title: &'static str, choices: Vec<(&'static str, String, Action)>) -> Self {
        let entries = choices.into_iter().map(|(kind, name, action)| Entry::new(kind, name, action));
        Self::of(entries.collect(), title)
    }

    fn find(&mut self) {
        let mut matcher = Matcher::new(Config::DEFAULT);
        let typed = self.typed.trim().to_lowercase();
        let pattern = Pattern::parse(&self.typed, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let score = |(index, entry): (usize, &Entry)| {
            let (rank, score) =
                (entry.rank(&typed), pattern.score(Utf32Str::new(&entry.name, &mut buffer), &mut matcher));
            let score = match rank {
                // What it is found by besides has no score: it stands in the order of the course.
                Rank::Also => 0,
                Rank::Letters => score?,
                _ => score.unwrap_or(0),
            };
            Some((rank, std::cmp::Reverse(score), index))
        };
        let mut scored: Vec<_> = self.entries.iter().enumerate().filter_map(score).collect();
        scored.sort_unstable();
        if scored.first().is_some_and(|(best, ..)| *best < Rank::Letters) {
            scored.retain(|(rank, ..)| *rank < Rank::Letters);
        } else if let Some(some) = self.with_some_words(&typed) {
            scored = some;
        }
        // A lesson is found by its own name and by each of its terms: its best row is enough.
        let mut seen: Vec<&Action> = Vec::new();
        scored.retain(|(.., index)| {
            let Entry { kind, action, .. } = &self.entries[*index];
            let again = *kind == LESSON && matches!(action, Action::Go(_)) && seen.contains(&action);
            seen.push(action);
            !again
        });
        self.found = scored.into_iter().map(|(.., index)| index).collect();
        self.row = 0;
    }

    /// What has the most of several words typed, in the order of the course; none where nothing has any.
    fn with_some_words(&self, typed: &str) -> Option<Vec<(Rank, std::cmp::Reverse<u32>, usize)>> {
        let there = |it: &Entry| begun(&format!("{} {}", it.name.to_lowercase(), it.also), typed).0;
        let counts: Vec<usize> = self.entries.iter().map(there).collect();
        let most = counts.iter().copied().max().filter(|most| *most > 0 && words(typed).count() > 1)?;
        let best = (0..).zip(counts).filter(|(_, count)| *count == most);
        Some(best.map(|(index, _)| (Rank::Also, std::cmp::Reverse(0), index)).collect())
    }

    fn typed(&mut self, key: KeyEvent) {
        let mut field = Field { text: std::mem::take(&mut self.typed) };
        field.key(key);
        self.typed = field.text;
        self.find();
    }

    fn place(area: Rect) -> Rect {
        view::middle(area, 72, 20)
    }
}

/// The lesson that teaches a word, found by the word.
fn taught(world: &World, term: &Term) -> Option<Entry> {
    let id = term.lessons.first()?;
    let (_, lesson) = world.content.lesson(id)?;
    let name = format!("{}: {}", term.term, lesson.title);
    Some(Entry::new(LESSON, name, self::lesson(world, id)))
}

/// To a lesson, where the learner left it.
fn lesson(world: &World, id: &str) -> Action {
    let step = world.content.lesson(id).map_or(0, |(_, lesson)| course::step(&world.learner, lesson));
    Action::Go(Place::Lesson { id: id.to_owned(), step })
}

fn actions(bindings: &[Binding]) -> Vec<Entry> {
    // Moving about is what keys are for, and what goes somewhere is named as that place.
    let is_named = |action: &Action| {
        !matches!(action, Action::Palette | Action::Go(_) | Action::Up | Action::Down | Action::Left | Action::Right)
            && !matches!(action, Action::Type(_))
            && !matches!(action, Action::First | Action::Last | Action::PageUp | Action::PageDown | Action::Choose(_))
    };
    let mut seen = Vec::new();
    let named = bindings.iter().filter(|it| {
        let is_new = is_named(&it.action) && !seen.contains(&&it.action);
        seen.push(&it.action);
        is_new
    });
    let entry = |binding: &Binding| Entry::new("here", binding.label.to_owned(), binding.action.clone());
    named.map(entry).collect()
}

fn places() -> Vec<Entry> {
    let entry = |name: &str, place| Entry::new("go to", name.to_owned(), Action::Go(place));
    vec![
        entry("Home", Place::Home),
        entry("Drill: mixed practice", Place::Drill(Default::default())),
        entry("Exercises on packets", Place::Drill(course::exercises())),
        entry("Demos", Place::Demos),
        entry("Progress", Place::Progress),
        entry("Glossary", Place::Glossary { term: None }),
    ]
}

fn lessons(world: &World) -> Vec<Entry> {
    let (mut entries, mut presented) = (Vec::new(), Vec::new());
    for chapter in &world.content.chapters {
        for lesson in &chapter.lessons {
            let name = format!("{} {}", chapter.id, lesson.title);
            let found_by = [lesson.id.clone(), week(&chapter.id), chapter.title.clone()];
            entries.push(Entry::new(LESSON, name, self::lesson(world, &lesson.id)).also(found_by.clone()));
            let action = Action::Go(Place::Present { lesson: lesson.id.clone() });
            presented.push(Entry::new("present", format!("Present: {}", lesson.title), action).also(found_by));
        }
        if !chapter.quiz.questions.is_empty() {
            let action = Action::Go(Place::Quiz { chapter: chapter.id.clone() });
            let name = format!("Quiz: {} {}", chapter.id, chapter.title);
            entries.push(Entry::new("quiz", name, action).also([week(&chapter.id)]));
        }
    }
    entries.extend(presented);
    entries
}

impl Screen for Palette {
    fn title(&self, _world: &World) -> String {
        "Find".to_owned()
    }

    fn bindings(&self, _world: &World) -> Vec<Binding> {
        vec![
            Binding::new([Key::code(KeyCode::Enter)], "go", Action::Open),
            Binding::new([Key::code(KeyCode::Down), Key::control('n')], "next", Action::Down),
            Binding::new([Key::code(KeyCode::Up)], "previous", Action::Up),
            Binding::new([Key::code(KeyCode::Esc), Key::control('p')], "close", Action::Back),
        ]
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn update(&mut self, action: Action, _world: &World) -> Vec<Effect> {
        let last = self.found.len().saturating_sub(1);
        match action {
            Action::Down | Action::Scroll { down: true, .. } => self.row = (self.row + 1).min(last),
            Action::Up | Action::Scroll { down: false, .. } => self.row = self.row.saturating_sub(1),
            Action::Choose(row) => self.row = row.min(last),
            Action::Type(key) => self.typed(key),
            Action::Open => {
                let chosen = self.found.get(self.row).map(|index| self.entries[*index].action.clone());
                return chosen.map(Effect::Act).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn click(&self, area: Rect, at: Position, _world: &World) -> Option<Action> {
        let place = Self::place(area);
        let list = Rect { y: place.y + 2, height: place.height.saturating_sub(3), ..place };
        list.contains(at).then(|| Action::Choose(usize::from(at.y - list.y) + self.first(list.height)))
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let theme = &world.theme;
        let inner = view::popup(Self::place(area), buffer, theme, self.title);
        let mut rows = inner.rows();
        if let Some(row) = rows.next() {
            let prompt = Line::from(vec![
                Span::styled(" › ", theme.key),
                Span::styled(self.typed.as_str(), theme.strong),
                Span::styled("▏", theme.accent),
            ]);
            prompt.render(row, buffer);
        }
        if self.found.is_empty() {
            let none = Line::styled("   nothing of that name; ⌫ takes a letter back", theme.dim);
            rows.next().into_iter().for_each(|row| (&none).render(row, buffer));
        }
        let first = self.first(inner.height.saturating_sub(1));
        for (row, (index, found)) in rows.zip(self.found.iter().enumerate().skip(first)) {
            draw_entry(row, buffer, theme, &self.entries[*found], index == self.row);
        }
    }
}

impl Palette {
    /// The first row on show, so that the chosen one is.
    const fn first(&self, height: u16) -> usize {
        (self.row + 1).saturating_sub(height as usize)
    }
}

fn draw_entry(row: Rect, buffer: &mut Buffer, theme: &Theme, entry: &Entry, chosen: bool) {
    let style = if chosen { theme.selected } else { theme.text };
    let sign = if chosen { " ▸ " } else { "   " };
    let room = usize::from(row.width).saturating_sub(3 + entry.kind.width() + 1);
    // Cut by columns, and a space before the kind whatever the length.
    let name = cut(&entry.name, room.saturating_sub(1));
    let gap = " ".repeat(room.saturating_sub(name.width()));
    let line = Line::from(vec![
        Span::styled(sign, style),
        Span::styled(format!("{name}{gap}"), style),
        Span::styled(format!("{} ", entry.kind), if chosen { style } else { theme.dim }),
    ]);
    line.render(row, buffer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scattered_letters_are_found_only_where_nothing_fits_better() {
        let entry = |name: &str| Entry::new("term", name.to_owned(), Action::Back);
        let mut palette = Palette::of(["TLS", "the tools", "lost"].map(entry).into(), "Find");
        let mut found = |typed: &str| {
            typed.clone_into(&mut palette.typed);
            palette.find();
            palette.found.iter().map(|it| palette.entries[*it].name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(found("tls"), ["TLS"]);
        assert_eq!(found("ttls"), ["the tools"]);
        assert_eq!(found(""), ["TLS", "the tools", "lost"]);
    }

    #[test]
    fn a_lesson_is_found_once_and_by_its_best_row() {
        let entry = |name: &str, place| Entry::new(LESSON, name.to_owned(), Action::Go(place));
        let rows =
            vec![entry("W1 Bytes", Place::Home), entry("byte: Bytes", Place::Home), entry("Bytes", Place::Demos)];
        let mut palette = Palette::of(rows, "Find");
        "byte".clone_into(&mut palette.typed);
        palette.find();
        let found: Vec<&str> = palette.found.iter().map(|it| palette.entries[*it].name.as_str()).collect();
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn words_in_any_order_find_a_chapter_an_id_or_a_knob() {
        let entry =
            |name: &str, also: &[&str]| Entry::new("lesson", name.to_owned(), Action::Back).also(also.iter().copied());
        let mut palette = Palette::of(
            vec![
                entry("W5 The handshake, byte by byte", &["w05.handshake", &week("W5"), "TLS and cryptography"]),
                entry("W3 Five versions of HTTP", &["w03.versions", &week("W3"), "HTTP"]),
                entry("Where the time goes (handshake-timing)", &["rtt", "chain", &week("W3"), &week("W5")]),
                entry("week", &[]),
            ],
            "Find",
        );
        let mut found = |typed: &str| {
            typed.clone_into(&mut palette.typed);
            palette.find();
            palette
                .found
                .iter()
                .map(|it| palette.entries[*it].name.chars().take(8).collect::<String>())
                .collect::<Vec<_>>()
        };
        let of = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<String>>();
        assert_eq!(found("week 5"), of(&["W5 The h", "Where th"]));
        assert_eq!(found("w5"), of(&["W5 The h", "Where th"]));
        assert_eq!(found("byte handshake"), of(&["W5 The h"]));
        assert_eq!(found("w05.handshake"), of(&["W5 The h"]));
        assert_eq!(found("chain"), of(&["Where th"]));
        assert_eq!(found("rtt handshake"), of(&["Where th"]));
        assert_eq!(found("what is a handshake"), of(&["Where th", "W5 The h"]));
        assert_eq!(found("five way handshake over http"), of(&["W3 Five "]), "what has the most of the words");
    }

    #[test]
    fn equal_names_come_before_beginnings_words_and_scattered_letters() {
        let entry = |kind, name: &str| Entry::new(kind, name.to_owned(), Action::Back);
        let ranks = [
            ("term", "TCP", Rank::Equal),
            ("demo", "Socket calls (tcp)", Rank::Equal),
            ("lesson", "W1 TCP: a byte stream", Rank::Begins),
            ("demo", "The TCP handshake (handshake)", Rank::Words),
            ("lesson", "ACK: TCP: a byte stream", Rank::Words),
            ("term", "mptcp", Rank::Contains),
            ("term", "the cap", Rank::Letters),
        ];
        for (kind, name, rank) in ranks {
            assert_eq!(entry(kind, name).rank("tcp"), rank, "{name}");
        }
    }
}
