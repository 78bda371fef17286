//! What was missed: which questions of a chapter, and when they come back.
use jiff::civil::Date;

use super::app::World;
use crate::content::Chapter;
use crate::practice::Verdict;

/// The questions of a chapter that were not right when they were answered last.
#[must_use]
pub fn of(world: &World, chapter: &Chapter) -> Vec<String> {
    let memory = |id: &String| world.learner.memories.get(id);
    let is_missed = |id: &&String| memory(id).is_some_and(|it| it.verdict != Verdict::Right);
    let ids = chapter.quiz.questions.iter().map(|it| &it.id);
    ids.filter(is_missed).cloned().collect()
}

/// `3 misses of this quiz: due tomorrow`; nothing where there are none.
#[must_use]
pub fn said<'a>(world: &World, of: &str, missed: impl Iterator<Item = &'a str>) -> Option<String> {
    let memories = &world.learner.memories;
    let (mut count, mut days) = (0, Vec::new());
    for id in missed {
        count += 1;
        days.extend(memories.get(id).map(|it| it.due(world.learner.interview)));
    }
    let misses = match count {
        0 => return None,
        1 => "1 miss".to_owned(),
        _ => format!("{count} misses"),
    };
    let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) else {
        return Some(format!("{misses} of {of}"));
    };
    let (first, last) = (day(*first, world.today), day(*last, world.today));
    Some(match first == last {
        true => format!("{misses} of {of}: due {first}"),
        false => format!("{misses} of {of}: due {first} to {last}"),
    })
}

/// A day as one says it today.
fn day(due: Date, today: Date) -> String {
    match today.until(due).map_or(0, |it| it.get_days()) {
        ..=0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_said_as_one_says_them() {
        let today = date(2026, 2, 27);
        let said = |due| day(due, today);
        assert_eq!(said(date(2026, 2, 27)), "today");
        assert_eq!(said(date(2025, 1, 1)), "today", "what is late is due now");
        assert_eq!(said(date(2026, 2, 28)), "tomorrow");
        assert_eq!(said(date(2026, 3, 2)), "in 3 days");
    }
}
