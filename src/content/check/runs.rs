//! Runs that the check asks for: each setting once, whoever asks first; and the work itself, side by side on every core.
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use super::{Known, RunFacts};
use crate::content::DemoRef;

/// A demo, its knobs, its seed and whether the fields of its packets are wanted, as a key.
type Setting = (String, BTreeMap<String, String>, u64, bool);
/// What a run offers, or will offer when whoever makes it is ready.
type Run = Arc<OnceLock<Arc<RunFacts>>>;

/// Runs already asked for.
#[derive(Default)]
pub(super) struct Runs(Mutex<BTreeMap<Setting, Run>>);

impl Runs {
    /// The run of a demo; who asks while another makes it waits for that one.
    pub(super) fn get(&self, known: &dyn Known, demo: &DemoRef, seed: u64, fields: bool) -> Arc<RunFacts> {
        let mut key = (demo.name.clone(), known.settings(demo), seed, true);
        let (run, fields) = {
            let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // A run with the fields does for who wants none.
            let fields = fields || runs.contains_key(&key);
            key.3 = fields;
            (Arc::clone(runs.entry(key).or_default()), fields)
        };
        Arc::clone(run.get_or_init(|| Arc::new(known.run(demo, seed, fields))))
    }
}

/// What each part comes to, in their order; as many threads as there are cores take one part after another.
pub(super) fn side_by_side<P: Copy + Sync, T: Send>(parts: &[P], work: impl Fn(P) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(part) = parts.get(number)
        {
            done.push((number, work(*part)));
        }
        done
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(parts.len());
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let own = take();
        others.into_iter().flat_map(|it| it.join().expect("a part of the check panics")).chain(own).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, it)| it).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once_and_in_its_place() {
        let parts: Vec<u64> = (0..1000).collect();
        assert_eq!(side_by_side(&parts, |it| it * it), parts.iter().map(|it| it * it).collect::<Vec<_>>());
        assert!(side_by_side(&[] as &[u64], |it| it).is_empty());
    }
}
