//! Items put into an order.
use super::{FULL, Unreadable, misfit};
use crate::content::OrderItem;
use crate::practice::{Answer, Grade, Remark};

/// Pairs in the right order minus pairs in the wrong one, as a share of all pairs (Kendall's tau), not below nothing:
/// an order by chance is worth about nothing.
pub(super) fn grade(items: &[OrderItem], given: Option<&Answer>) -> Result<Grade, Unreadable> {
    let right: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
    let right = right.join(", then ");
    let order = match given {
        None => return Ok(Grade::new(0, right, all(items))),
        Some(Answer::Sequence(order)) => order,
        Some(_) => return Err(misfit("its items in an order")),
    };
    if !is_permutation(order, items.len()) {
        return Err(Unreadable(format!("Put each of the {} items in one place.", items.len())));
    }
    let staying = longest_run(order);
    let remarks = order.iter().map(|at| Remark::new(&items[*at].text, staying.contains(at), &items[*at].why));
    Ok(Grade::new(tau(order), right, remarks.collect()))
}

fn all(items: &[OrderItem]) -> Vec<Remark> {
    items.iter().map(|item| Remark::new(&item.text, false, &item.why)).collect()
}

fn is_permutation(order: &[usize], count: usize) -> bool {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    sorted.iter().copied().eq(0..count)
}

fn tau(order: &[usize]) -> i64 {
    let pairs = order.iter().enumerate().flat_map(|(at, first)| order[at + 1..].iter().map(move |then| first < then));
    let (mut kept, mut broken) = (0_i64, 0_i64);
    for in_order in pairs {
        if in_order { kept += 1 } else { broken += 1 }
    }
    ((kept - broken) * FULL).checked_div(kept + broken).unwrap_or(FULL).max(0)
}

/// The most items that stand in the right order among themselves: the others are the ones to move.
fn longest_run(order: &[usize]) -> Vec<usize> {
    let mut runs: Vec<Vec<usize>> = Vec::with_capacity(order.len());
    for item in order {
        let before = runs.iter().filter(|run| run.last().is_some_and(|last| last < item));
        let mut run = before.max_by_key(|run| run.len()).cloned().unwrap_or_default();
        run.push(*item);
        runs.push(run);
    }
    runs.into_iter().max_by_key(Vec::len).unwrap_or_default()
}
