//! Choosing what to ask: a drill by what is due, a quiz over a whole chapter.
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::draw::Draw;
use super::{Item, Memory, Verdict};
use crate::content::{Chapter, Content, Kind, Question};

/// Of a drill with a backlog, one in so many questions is still a new one.
const NEW_SHARE: usize = 5;

/// Which questions a drill draws from, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Any of these, a chapter's id for all of its questions; none named means all. The same for chapters and covers; a question has to pass all three.
    pub tags: Vec<String>,
    pub chapters: Vec<String>,
    /// Rows of the curriculum.
    pub covers: Vec<String>,
    /// At most so many questions.
    pub count: usize,
    /// At most as many as fit, by [`seconds`].
    pub minutes: Option<u32>,
    /// The interview's date.
    pub until: Option<Date>,
    /// Chapters whose new questions come before those of the others.
    pub begun: Vec<String>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { tags: vec![], chapters: vec![], covers: vec![], count: 20, minutes: None, until: None, begun: vec![] }
    }
}

/// A question that could be asked, with why.
struct Candidate<'a> {
    question: &'a Question,
    /// `None` for a new one.
    memory: Option<&'a Memory>,
}

/// A drill: what is due first, the most forgotten at the front; new questions mixed in; then, while there is room, what
/// is nearest to being forgotten. No question twice, no question beside its twin; those easily taken for each other
/// follow one another, as the difference is what is to be seen.
#[must_use]
pub fn plan(
    content: &Content,
    memories: &BTreeMap<String, Memory>,
    today: Date,
    filter: &Filter,
    seed: u64,
) -> Vec<Item> {
    let mut draw = Draw::new(seed, "drill");
    let mut candidates = candidates(content, memories, filter);
    draw.shuffle(&mut candidates);
    let (known, mut new): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|it| it.memory.is_some());
    let (mut due, mut early): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|it| it.memory.is_some_and(|it| it.is_due(today, filter.until)));
    let forgotten = |it: &Candidate<'_>| it.memory.map_or(0.0, |it| it.retrievability(today));
    due.sort_by(|a, b| forgotten(a).total_cmp(&forgotten(b)));
    early.sort_by(|a, b| forgotten(a).total_cmp(&forgotten(b)));
    let groups: BTreeSet<&str> = due.iter().filter_map(|it| it.question.confusable.as_deref()).collect();
    let order = chapter_order(content, &filter.begun);
    new.sort_by_key(|it| {
        let question = it.question;
        let mate = question.confusable.as_deref().is_some_and(|group| groups.contains(group));
        (!mate, order.get(question.id.as_str()).copied(), question.difficulty)
    });
    let mut budget = Budget::new(filter);
    let (due, new, early) = chosen(&mut budget, due, new, early);
    let mixed = together(mixed(due.into_iter().chain(early).collect(), new));
    mixed.iter().map(|question| Item { question: question.id.clone(), seed: draw.run_seed() }).collect()
}

/// Every tag in use, for a message about one that is not.
#[must_use]
pub fn tags(content: &Content) -> BTreeSet<&str> {
    content.questions().flat_map(|question| &question.tags).map(String::as_str).collect()
}

/// About how long a question takes, to fit a drill into minutes. An estimate for planning: nothing is measured by it.
#[must_use]
pub const fn seconds(kind: &Kind) -> u32 {
    match kind {
        Kind::TrueFalse { .. } | Kind::Short { .. } => 30,
        Kind::Single(_) => 40,
        Kind::Multiple(_) | Kind::Order(_) | Kind::Field(_) => 60,
        Kind::Match(_) | Kind::Predict { .. } => 75,
        Kind::Numeric { .. } | Kind::Exercise(_) => 90,
        Kind::Design(_) => 150,
        Kind::Card { .. } => 180,
    }
}

fn candidates<'a>(content: &'a Content, memories: &'a BTreeMap<String, Memory>, filter: &Filter) -> Vec<Candidate<'a>> {
    let named = |wanted: &[String], has: &[String]| {
        wanted.is_empty() || wanted.iter().any(|wanted| has.iter().any(|has| has.eq_ignore_ascii_case(wanted)))
    };
    let chapters = content.chapters.iter().filter(|chapter| named(&filter.chapters, std::slice::from_ref(&chapter.id)));
    let wanted = chapters.flat_map(|chapter| {
        let is_named = named(&filter.tags, std::slice::from_ref(&chapter.id));
        let of_tag = move |it: &&Question| is_named || named(&filter.tags, &it.tags);
        chapter.quiz.questions.iter().filter(of_tag).filter(|it| named(&filter.covers, &it.covers))
    });
    wanted.map(|question| Candidate { question, memory: memories.get(&question.id) }).collect()
}

/// By question: the chapters begun before the others, and those in the order of the course.
fn chapter_order<'a>(content: &'a Content, begun: &[String]) -> BTreeMap<&'a str, (bool, usize)> {
    let place = |(at, chapter): (usize, &'a Chapter)| {
        let place = (!begun.contains(&chapter.id), at);
        chapter.quiz.questions.iter().map(move |it| (it.id.as_str(), place))
    };
    content.chapters.iter().enumerate().flat_map(place).collect()
}

type Questions<'a> = Vec<&'a Question>;

/// As many of each as there is room for: new ones have their share even when more is due than fits.
fn chosen<'a>(
    budget: &mut Budget<'a>,
    due: Vec<Candidate<'a>>,
    new: Vec<Candidate<'a>>,
    early: Vec<Candidate<'a>>,
) -> (Questions<'a>, Questions<'a>, Questions<'a>) {
    let reserved = (budget.count / NEW_SHARE).min(new.len());
    let mut due = due.into_iter();
    let mut new = new.into_iter();
    let mut taken = budget.take(&mut due, budget.count - reserved);
    let mut fresh = budget.take(&mut new, reserved);
    taken.extend(budget.take(&mut due, usize::MAX));
    fresh.extend(budget.take(&mut new, usize::MAX));
    let early = budget.take(&mut early.into_iter(), usize::MAX);
    (taken, fresh, early)
}

/// What room is left, and what may not come any more.
struct Budget<'a> {
    count: usize,
    seconds: Option<u32>,
    taken: BTreeSet<&'a str>,
    twins: BTreeSet<&'a str>,
}

impl<'a> Budget<'a> {
    fn new(filter: &Filter) -> Self {
        let seconds = filter.minutes.map(|minutes| minutes.saturating_mul(60));
        Self { count: filter.count, seconds, taken: BTreeSet::new(), twins: BTreeSet::new() }
    }

    /// Up to `most` of `from` that fit.
    fn take(&mut self, from: &mut impl Iterator<Item = Candidate<'a>>, most: usize) -> Questions<'a> {
        let mut taken = Vec::new();
        while taken.len() < most.min(self.count) {
            let Some(next) = from.find(|it| self.admits(it.question)) else { break };
            self.book(next.question);
            taken.push(next.question);
        }
        self.count -= taken.len();
        taken
    }

    /// The first question always fits, however few the minutes.
    fn admits(&self, question: &Question) -> bool {
        let id = question.id.as_str();
        let twin = question.twin.as_deref().is_some_and(|twin| self.taken.contains(twin));
        let fits = self.taken.is_empty() || self.seconds.is_none_or(|left| seconds(&question.kind) <= left);
        fits && !twin && !self.taken.contains(id) && !self.twins.contains(id)
    }

    fn book(&mut self, question: &'a Question) {
        self.taken.insert(&question.id);
        self.twins.extend(question.twin.as_deref());
        self.seconds = self.seconds.map(|left| left.saturating_sub(seconds(&question.kind)));
    }
}

/// The new ones spread evenly among the others.
fn mixed<'a>(known: Questions<'a>, new: Questions<'a>) -> Questions<'a> {
    let (all, fresh) = (known.len() + new.len(), new.len());
    let (mut known, mut new) = (known.into_iter(), new.into_iter());
    let slots = (0..all).map(|at| (at + 1) * fresh / all > at * fresh / all);
    slots.filter_map(|is_new| if is_new { new.next() } else { known.next() }).collect()
}

/// Each question followed by those of its group.
fn together(mut rest: Questions<'_>) -> Questions<'_> {
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let first = rest.remove(0);
        out.push(first);
        let mate = |it: &&Question| first.confusable.is_some() && it.confusable == first.confusable;
        let (mates, others) = rest.into_iter().partition(mate);
        out.extend::<Questions<'_>>(mates);
        rest = others;
    }
    out
}

/// The same questions once more, in their order, with numbers and shuffles of their own.
#[must_use]
pub fn again(questions: &[String], seed: u64) -> Vec<Item> {
    let mut draw = Draw::new(seed, "again");
    questions.iter().map(|id| Item { question: id.clone(), seed: draw.run_seed() }).collect()
}

/// A quiz of a chapter: no cards, its rows of the curriculum as evenly as can be, then its kinds, then what was not seen
/// or was wrong before; no question beside its twin.
#[must_use]
pub fn quiz(chapter: &Chapter, memories: &BTreeMap<String, Memory>, length: usize, seed: u64) -> Vec<Item> {
    let mut draw = Draw::new(seed, "quiz");
    let mut left: Questions<'_> =
        chapter.quiz.questions.iter().filter(|it| !matches!(it.kind, Kind::Card { .. })).collect();
    draw.shuffle(&mut left);
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut items = Vec::new();
    while items.len() < length {
        let cost = |question: &Question| {
            let rows = question.covers.iter().map(|row| used.get(row.as_str()).copied().unwrap_or(0)).min();
            let kind = used.get(kind_name(&question.kind)).copied().unwrap_or(0);
            (rows.unwrap_or(0), kind, weakness(memories.get(&question.id)))
        };
        let Some(at) = (0..left.len()).min_by_key(|at| cost(left[*at])) else { break };
        let question = left.remove(at);
        left.retain(|it| it.twin.as_ref() != Some(&question.id) && question.twin.as_ref() != Some(&it.id));
        for row in question.covers.iter().map(String::as_str).chain([kind_name(&question.kind)]) {
            *used.entry(row).or_default() += 1;
        }
        items.push(Item { question: question.id.clone(), seed: draw.run_seed() });
    }
    items
}

/// 0 for what is most worth asking.
const fn weakness(memory: Option<&Memory>) -> u8 {
    match memory {
        None => 0,
        Some(memory) => match memory.verdict {
            Verdict::Wrong => 1,
            Verdict::Partly => 2,
            Verdict::Right => 3,
        },
    }
}

/// As the content files write it; no row of the curriculum is called so.
const fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Single(_) => "single",
        Kind::Multiple(_) => "multiple",
        Kind::TrueFalse { .. } => "true_false",
        Kind::Numeric { .. } => "numeric",
        Kind::Order(_) => "order",
        Kind::Match(_) => "match",
        Kind::Short { .. } => "short",
        Kind::Field(_) => "field",
        Kind::Predict { .. } => "predict",
        Kind::Design(_) => "design",
        Kind::Exercise(_) => "exercise",
        Kind::Card { .. } => "card",
    }
}

#[cfg(test)]
mod tests;
