//! An open question: the learner says which points of the rubric the own text has.
use super::{Unreadable, misfit, share};
use crate::practice::{Answer, Grade, Remark};

pub(super) fn grade(rubric: &[String], model: &str, given: Option<&Answer>) -> Result<Grade, Unreadable> {
    let met: &[bool] = match given {
        None => &[],
        Some(Answer::Rubric { met, .. }) => met,
        Some(_) => return Err(misfit("the points of its rubric that you met")),
    };
    if met.len() > rubric.len() {
        return Err(Unreadable(format!("The rubric has {} points.", rubric.len())));
    }
    let has = |at: usize| met.get(at).copied().unwrap_or(false);
    let remarks = rubric.iter().enumerate().map(|(at, point)| Remark::new(point, has(at), ""));
    let points = share(met.iter().filter(|met| **met).count(), rubric.len());
    Ok(Grade::new(points, model.to_owned(), remarks.collect()))
}
