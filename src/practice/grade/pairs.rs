//! Each left side with its right side.
use super::{Unreadable, misfit, share};
use crate::content::Pair;
use crate::practice::{Answer, Grade, Remark};

/// The share of left sides with their right side; right sides that read the same are the same. A remark
/// for each: what the learner chose, and what belongs there.
pub(super) fn grade(pairs: &[Pair], given: Option<&Answer>) -> Result<Grade, Unreadable> {
    let right: Vec<String> = pairs.iter().map(|pair| format!("{}: {}", pair.left, pair.right)).collect();
    let right = right.join("; ");
    let chosen = match given {
        None => return Ok(Grade::new(0, right, all(pairs))),
        Some(Answer::Sequence(chosen)) => chosen,
        Some(_) => return Err(misfit("a right side for each left side")),
    };
    if chosen.len() != pairs.len() || chosen.iter().any(|at| *at >= pairs.len()) {
        return Err(Unreadable(format!("Choose a right side for each of the {} left sides.", pairs.len())));
    }
    let judged = pairs.iter().zip(chosen).map(|(pair, at)| (pair, &pairs[*at].right));
    let remark = |(pair, right): (&Pair, &String)| {
        let is_right = *right == pair.right;
        let instead = if is_right { String::new() } else { format!(" · right: {}", pair.right) };
        Remark::new(format!("{}: {right}{instead}", pair.left), is_right, &pair.why)
    };
    let remarks: Vec<Remark> = judged.map(remark).collect();
    let hits = remarks.iter().filter(|remark| remark.right).count();
    Ok(Grade::new(share(hits, pairs.len()), right, remarks))
}

fn all(pairs: &[Pair]) -> Vec<Remark> {
    pairs.iter().map(|pair| Remark::new(format!("{}: {}", pair.left, pair.right), false, &pair.why)).collect()
}
