//! What of a stream a host has received, in order or not: every byte counts once, when it comes first.
use std::collections::BTreeMap;

use crate::demos::capture::Sight;
use crate::recording::Time;

/// Bytes of the stream to this port that had come in all, at each segment that brought new ones.
pub(super) fn arrivals(sights: &[Sight<'_>], port: u16) -> Vec<(Time, usize)> {
    let came = || sights.iter().filter(|it| !it.sent).filter_map(|it| Some((it.at, it.tcp()?)));
    let mut segments = came().filter(|(_, tcp)| tcp.to.port() == port);
    let Some(isn) = segments.find(|(_, tcp)| tcp.opens()).map(|(_, tcp)| tcp.seq) else { return Vec::new() };
    let (mut there, mut total, mut log) = (BTreeMap::new(), 0, Vec::new());
    for (at, tcp) in segments.filter(|(_, tcp)| !tcp.payload.is_empty()) {
        let from = tcp.offset(isn);
        let to = from.saturating_add(u32::try_from(tcp.payload.len()).unwrap_or(0));
        let new = add(&mut there, from, to);
        if new > 0 {
            total += new as usize;
            log.push((at, total));
        }
    }
    log
}

/// Joins `from..to` to disjoint ranges; gives how much of it they did not hold.
pub(super) fn add(there: &mut BTreeMap<u32, u32>, from: u32, to: u32) -> u32 {
    let (mut low, mut high, mut known) = (from, to, 0);
    while let Some((start, end)) = there.range(..=high).next_back().map(|it| (*it.0, *it.1)).filter(|it| it.1 >= low) {
        there.remove(&start);
        known += end.min(to).saturating_sub(start.max(from));
        (low, high) = (low.min(start), high.max(end));
    }
    there.insert(low, high);
    to.saturating_sub(from) - known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_counts_once_however_often_it_comes() {
        let mut there = BTreeMap::new();
        let steps = [(10, 20, 10), (30, 40, 10), (10, 20, 0), (15, 35, 10), (0, 50, 20), (50, 51, 1), (3, 4, 0)];
        for (from, to, new) in steps {
            assert_eq!(add(&mut there, from, to), new, "{from}..{to}");
        }
        assert_eq!(there, BTreeMap::from([(0, 51)]));
    }
}
