//! Where the lifelines of the nodes stand.
use std::collections::BTreeSet;

use crate::recording::{Recording, Topology};
use crate::tui::views::pen;

/// The columns left of the first lifeline: the cursor's sign and the time.
pub(super) const GUTTER: u16 = 10;

/// A column for each node, by its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lifelines {
    pub(super) columns: Vec<u16>,
    /// Node indices from left to right.
    pub(super) order: Vec<usize>,
}

impl Lifelines {
    /// Lifelines in a view of that width.
    pub(super) fn new(topology: &Topology, order: &[usize], width: u16) -> Self {
        let half = |node: Option<&usize>| {
            node.map_or(0, |node| pen::columns(&topology.nodes[*node].name).min(12).div_ceil(2)) + 1
        };
        let first = GUTTER + half(order.first());
        let last = width.saturating_sub(half(order.last()) + 1).max(first);
        let gaps = u16::try_from(order.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let mut columns = vec![first; topology.nodes.len()];
        for (place, node) in (0..).zip(order) {
            let offset = u32::from(last - first) * place / u32::from(gaps.max(1));
            columns[*node] = first + u16::try_from(offset).unwrap_or(0);
        }
        Self { columns, order: order.to_vec() }
    }

    /// The columns that words over a lifeline may take: to the middle between it and its neighbours, a space left free.
    pub(super) fn share(&self, place: usize, width: u16) -> (u16, u16) {
        let column = |place: usize| self.order.get(place).map(|node| self.columns[*node]);
        let here = column(place).unwrap_or(0);
        let before = place.checked_sub(1).and_then(column);
        let from = before.map_or(0, |it| u16::midpoint(it, here) + 1);
        let to = column(place + 1).map_or(width, |it| u16::midpoint(here, it));
        (from, to)
    }
}

/// More lifelines than this stand too close to be read: those to whom nothing happens have none then.
const MANY: usize = 8;

/// The nodes that have a lifeline, from left to right.
pub(crate) fn lifelines(recording: &Recording, left_out: &BTreeSet<usize>) -> Vec<usize> {
    let mut order = order(&recording.topology);
    if order.len() > MANY {
        let events = recording.events.iter().enumerate().filter(|(index, _)| !left_out.contains(index));
        let mut met: BTreeSet<usize> = events.map(|(_, it)| it.node).collect();
        met.extend(recording.packets.iter().flat_map(|it| [it.from, it.to]));
        order.retain(|node| met.contains(node));
    }
    order
}

/// The nodes from left to right: connected ones side by side, each group by column, then row of its grid.
pub(super) fn order(topology: &Topology) -> Vec<usize> {
    let mut order = Vec::new();
    let mut left: BTreeSet<usize> = (0..topology.nodes.len()).collect();
    while let Some(first) = left.iter().copied().min_by_key(|node| {
        let (column, row) = topology.nodes[*node].place;
        (row, column)
    }) {
        let mut group = vec![first];
        left.remove(&first);
        let mut next = 0;
        while let Some(node) = group.get(next).copied() {
            for link in &topology.links {
                let [a, b] = [link.ends[0].node, link.ends[1].node];
                let other = if a == node { b } else { a };
                if (a == node || b == node) && left.remove(&other) {
                    group.push(other);
                }
            }
            next += 1;
        }
        group.sort_by_key(|node| topology.nodes[*node].place);
        order.extend(group);
    }
    order
}
