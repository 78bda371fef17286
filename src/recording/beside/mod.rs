//! Two runs' rows lined up by what they are, not by their number: the root's referral beside the root's referral, whatever one
//! of them had to try before; and for each pair what differs.
mod differ;
mod role;
pub mod write;

use super::{Recording, Step};
pub use differ::{Difference, What};
pub use role::Role;

/// Rows of a run that are lined up; a trace has a few dozen.
const MOST: usize = 300;

/// Rows of both runs that are the same thing, or a row that only one of them has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub role: Role,
    /// The row of this run: an index into its steps.
    pub this: Option<usize>,
    /// The row of the other.
    pub other: Option<usize>,
    pub differences: Vec<Difference>,
}

/// Lines up the rows of two runs; the order of both is kept.
#[must_use]
pub fn lined_up(this: &Recording, other: &Recording) -> Vec<Pair> {
    let these = &this.steps[..this.steps.len().min(MOST)];
    let those = &other.steps[..other.steps.len().min(MOST)];
    let pairs = aligned(&roles(these), &roles(those));
    pairs.into_iter().map(|(a, b)| pair(these, those, a, b)).collect()
}

fn roles(steps: &[Step]) -> Vec<Role> {
    steps.iter().map(Role::of).collect()
}

fn pair(these: &[Step], those: &[Step], a: Option<usize>, b: Option<usize>) -> Pair {
    let (left, right) = (a.map(|it| &these[it]), b.map(|it| &those[it]));
    let role = left.or(right).map(Role::of).expect("a pair has a row");
    Pair { role, this: a, other: b, differences: differ::differences(left, right) }
}

/// The alignment with the greatest sum of likenesses (Needleman and Wunsch, 1970, without a price for gaps).
fn aligned(these: &[Role], those: &[Role]) -> Vec<(Option<usize>, Option<usize>)> {
    // best[i][j] is of what follows row i of this run and row j of the other.
    let mut best = vec![vec![0_u32; those.len() + 1]; these.len() + 1];
    for i in (0..these.len()).rev() {
        for j in (0..those.len()).rev() {
            best[i][j] = together(&best, these, those, i, j).max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < these.len() || j < those.len() {
        if i < these.len() && j < those.len() {
            let like = these[i].likeness(&those[j]) > 0;
            if like && together(&best, these, those, i, j) == best[i][j] {
                pairs.push((Some(i), Some(j)));
                (i, j) = (i + 1, j + 1);
                continue;
            }
        }
        if i < these.len() && (j == those.len() || best[i + 1][j] == best[i][j]) {
            pairs.push((Some(i), None));
            i += 1;
        } else {
            pairs.push((None, Some(j)));
            j += 1;
        }
    }
    pairs
}

/// What is gained from here on when these two rows stand beside each other.
fn together(best: &[Vec<u32>], these: &[Role], those: &[Role], i: usize, j: usize) -> u32 {
    match these[i].likeness(&those[j]) {
        0 => 0,
        likeness => likeness + best[i + 1][j + 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Quantity;
    use crate::recording::sample::sample;
    use crate::recording::{Fact, Time};

    pub(super) fn step(kind: &str, zone: &str, server: &str) -> Step {
        let facts = vec![Fact::text("zone", zone), Fact::text("server", server)];
        let (kind, title) = (kind.to_owned(), kind.to_owned());
        let (at, until) = (Time(0), Time(20_000_000));
        Step { at, until, node: 0, depth: 0, kind, title, facts, why: String::new(), packets: Vec::new() }
    }

    fn run(steps: Vec<Step>) -> Recording {
        Recording { steps, ..sample() }
    }

    fn rows(pairs: &[Pair]) -> Vec<(Option<usize>, Option<usize>)> {
        pairs.iter().map(|it| (it.this, it.other)).collect()
    }

    #[test]
    fn rows_stand_beside_what_they_are_and_not_beside_their_number() {
        let lab = run(vec![
            step("referral", ".", "a"),
            step("referral", "example.", "b"),
            step("answer", "shop.example.", "c"),
        ]);
        let live = run(vec![
            step("resolver", "", "r"),
            step("timeout", ".", "x"),
            step("referral", ".", "k"),
            step("referral", "org.", "y"),
            step("referral", "wikipedia.org.", "z"),
            step("answer", "wikipedia.org.", "z"),
            step("verdict", "", ""),
        ]);
        let pairs = lined_up(&lab, &live);
        let (some, none) = (Some::<usize>, None);
        assert_eq!(
            rows(&pairs),
            [
                (none, some(0)),
                (none, some(1)),
                (some(0), some(2)),
                (some(1), some(3)),
                (none, some(4)),
                (some(2), some(5)),
                (none, some(6)),
            ]
        );
        let words: Vec<String> = pairs.iter().map(|it| it.role.to_string()).collect();
        assert_eq!(words[2..6], ["root referral", "TLD referral", "domain referral", "answer"]);
        let what = |at: usize| pairs[at].differences.iter().map(|it| it.what.word()).collect::<Vec<_>>();
        assert_eq!((what(2), what(4)), (vec!["server"], vec!["missing"]));
    }

    #[test]
    fn a_check_that_fails_stands_beside_the_same_check_that_holds() {
        let check = |kind: &str, what: &str| Step {
            title: format!("{what} of www {kind}"),
            depth: 1,
            facts: vec![Fact::text("of", "www")],
            ..step(kind, "", "")
        };
        let good = run(vec![check("holds", "signature"), check("holds", "validity"), check("holds", "name")]);
        let bad = run(vec![check("holds", "signature"), check("fails", "validity"), check("holds", "name")]);
        let pairs = lined_up(&bad, &good);
        assert_eq!(rows(&pairs), [(Some(0), Some(0)), (Some(1), Some(1)), (Some(2), Some(2))]);
        assert_eq!(pairs[1].differences[0].what, What::Outcome);
        assert_eq!(pairs[1].role.to_string(), "validity of www");
    }

    #[test]
    fn an_answer_and_a_negative_one_stand_beside_each_other_as_ends() {
        let pairs = lined_up(&run(vec![step("answer", "a.", "x")]), &run(vec![step("nxdomain", "a.", "x")]));
        assert_eq!(rows(&pairs), [(Some(0), Some(0))]);
        assert_eq!(pairs[0].differences[0].what, What::Outcome);
    }

    #[test]
    fn whatever_the_rows_each_stands_once_and_in_order() {
        let kinds = ["referral", "answer", "timeout", "alias", "nodata", "resolver"];
        for seed in 0..200_usize {
            let of = |n: usize| {
                let all = (0..n % 7).map(|at| step(kinds[(seed * 7 + at * (n + 3)) % kinds.len()], ".", "a"));
                run(all.collect())
            };
            let (a, b) = (of(seed), of(seed / 7 + 3));
            let pairs = lined_up(&a, &b);
            let left: Vec<_> = pairs.iter().filter_map(|it| it.this).collect();
            let right: Vec<_> = pairs.iter().filter_map(|it| it.other).collect();
            assert!(left.into_iter().eq(0..a.steps.len()) && right.into_iter().eq(0..b.steps.len()), "{seed}");
        }
    }

    #[test]
    fn a_run_beside_itself_differs_in_nothing() {
        let mut with_ttl = step("referral", ".", "a");
        with_ttl.facts.push(Fact::quantity("ttl", Quantity::count(3)));
        let one = run(vec![with_ttl, step("answer", "a.", "b")]);
        assert!(lined_up(&one, &one).iter().all(|it| it.differences.is_empty()));
        assert!(lined_up(&run(Vec::new()), &run(Vec::new())).is_empty());
    }
}
