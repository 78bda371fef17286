//! True or false; a false statement also wants the correction that holds.
use super::{FULL, Unreadable, misfit};
use crate::content::Choice;
use crate::practice::{Answer, Grade, Remark, Shown};

/// The parts of a true/false question.
pub(super) struct Statement<'a> {
    pub(super) truth: bool,
    pub(super) why: &'a str,
    pub(super) corrections: &'a [Choice],
    pub(super) shown: &'a [Shown],
}

/// Half the points for seeing that a statement is false, half for knowing what holds instead.
pub(super) fn grade(statement: &Statement<'_>, given: Option<&Answer>) -> Result<Grade, Unreadable> {
    let (says, chosen) = match given {
        None => (None, None),
        Some(Answer::Truth { says, correction }) => (Some(*says), *correction),
        Some(_) => return Err(misfit("true or false")),
    };
    let corrections = statement.corrections;
    if chosen.is_some_and(|at| at >= corrections.len()) && !statement.truth {
        return Err(Unreadable(format!("There are {} corrections.", corrections.len())));
    }
    let seen = says == Some(statement.truth);
    let settled = statement.truth || corrections.is_empty() || chosen.is_some_and(|at| corrections[at].correct);
    let points = match (seen, settled) {
        (true, true) => FULL,
        (true, false) => FULL / 2,
        (false, _) => 0,
    };
    Ok(Grade::new(points, right_line(statement), remarks(statement, seen, chosen)))
}

fn right_line(statement: &Statement<'_>) -> String {
    let correction = statement.corrections.iter().find(|it| it.correct).filter(|_| !statement.truth);
    match (statement.truth, correction) {
        (true, _) => "True".to_owned(),
        (false, None) => "False".to_owned(),
        (false, Some(correction)) => format!("False: {}", correction.text),
    }
}

/// About the statement, then about the corrections in the order of the screen: all of them to whom they were offered (who
/// said false), to others only the one that holds.
fn remarks(statement: &Statement<'_>, seen: bool, chosen: Option<usize>) -> Vec<Remark> {
    let verdict = Remark::new(if statement.truth { "True" } else { "False" }, seen, statement.why);
    let known = statement.shown.iter().filter_map(|it| Some((it.index, statement.corrections.get(it.index)?)));
    let known = known.filter(|(_, it)| seen || it.correct);
    let corrections = known.map(|(at, it)| Remark::new(&it.text, (chosen == Some(at)) == it.correct, &it.why));
    std::iter::once(verdict).chain(corrections).collect()
}
