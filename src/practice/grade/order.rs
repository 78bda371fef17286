//! Items put into an order.
use super::{FULL, Unreadable, misfit};
use crate::content::OrderItem;
use crate::practice::{Answer, Grade, Remark};

/// Pairs in the right order minus pairs in the wrong one, as a share of all pairs (Kendall's tau), not below nothing:
/// an order by chance is worth about nothing. A remark for each place: what the learner put there, and what belongs there.
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
    let beside = order.iter().zip(items).enumerate().map(|(place, (at, right))| {
        let yours = &items[*at];
        let is_right = yours.text == right.text;
        let instead = if is_right { String::new() } else { format!(" · right: {}", right.text) };
        Remark::new(format!("{}. {}{instead}", place + 1, yours.text), is_right, &right.why)
    });
    let (kept, broken) = pairs(order);
    let counted = (kept > broken && broken > 0).then(|| {
        let why = format!("Of {} pairs of these, {kept} are in the right order.", kept + broken);
        Remark::new("", false, why)
    });
    Ok(Grade::new(tau(kept, broken), right, beside.chain(counted).collect()))
}

fn all(items: &[OrderItem]) -> Vec<Remark> {
    let numbered = items.iter().enumerate();
    numbered.map(|(place, it)| Remark::new(format!("{}. {}", place + 1, it.text), false, &it.why)).collect()
}

fn is_permutation(order: &[usize], count: usize) -> bool {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    sorted.iter().copied().eq(0..count)
}

/// How many pairs of items are in the right order, and how many in the wrong one.
fn pairs(order: &[usize]) -> (i64, i64) {
    let pairs = order.iter().enumerate().flat_map(|(at, first)| order[at + 1..].iter().map(move |then| first < then));
    pairs.fold((0, 0), |(kept, broken), in_order| if in_order { (kept + 1, broken) } else { (kept, broken + 1) })
}

fn tau(kept: i64, broken: i64) -> i64 {
    ((kept - broken) * FULL).checked_div(kept + broken).unwrap_or(FULL).max(0)
}
