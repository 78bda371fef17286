//! Pools in the lab: who is lent what, who waits, what is closed.
use std::cell::Cell;
use std::io;

use super::*;
use crate::lab::{Lab, LabNet};
use crate::recording::Time;

/// Connections that are numbers; the ones in `dead` do not answer.
#[derive(Clone, Default)]
struct Numbers {
    opened: Rc<Cell<u32>>,
    dead: Rc<RefCell<Vec<u32>>>,
    refuses: bool,
}

impl Manage<LabNet> for Numbers {
    type Connection = u32;

    async fn open(&self, net: &LabNet) -> io::Result<u32> {
        net.sleep(Duration::from_millis(10)).await;
        if self.refuses {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        self.opened.set(self.opened.get() + 1);
        Ok(self.opened.get())
    }

    fn is_open(&self, connection: &u32) -> bool {
        !self.dead.borrow().contains(connection)
    }

    async fn ping(&self, net: &LabNet, connection: &mut u32) -> bool {
        net.sleep(Duration::from_millis(10)).await;
        self.is_open(connection)
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn options() -> PoolOptions {
    PoolOptions {
        max: 2,
        min: 0,
        idle_timeout: None,
        max_lifetime: None,
        validation: Validation::Look,
        wait: ms(100),
        leak_after: None,
    }
}

fn in_a_lab<T>(test: impl AsyncFnOnce(LabNet) -> T) -> T {
    let mut lab = Lab::new(1, &[]);
    let host = lab.host("h").address("10.0.0.1/24").add();
    let net = lab.net(host);
    lab.run(test(net)).expect("the test ends")
}

#[test]
fn a_connection_is_opened_once_and_lent_again() {
    in_a_lab(async |net| {
        let pool = Pool::new(net.clone(), Numbers::default(), options());
        let first = pool.get().await.expect("a new one");
        assert_eq!((*first, net.now()), (1, Time(10_000_000)));
        drop(first);
        assert_eq!(*pool.get().await.expect("the same"), 1);
        assert_eq!(net.now(), Time(10_000_000));
        assert_eq!(pool.history().opened, 1);
    });
}

#[test]
fn who_comes_when_all_are_lent_waits_in_order_and_not_for_ever() {
    in_a_lab(async |net| {
        let pool = Pool::new(net.clone(), Numbers::default(), options());
        let held = (pool.get().await.expect("one"), pool.get().await.expect("two"));
        let (later, own) = (pool.clone(), net.clone());
        net.spawn(async move {
            let got = later.get().await.expect("the first in the queue gets what comes back");
            assert_eq!(*got, 2);
            own.sleep(ms(500)).await;
        });
        net.sleep(ms(1)).await;
        let own = net.clone();
        net.spawn(async move {
            own.sleep(ms(50)).await;
            drop(held.1);
            own.sleep(ms(500)).await;
            drop(held.0);
        });
        let began = net.now();
        assert!(matches!(pool.get().await, Err(PoolError::Exhausted)));
        assert_eq!(net.now() - began, ms(100));
        assert_eq!(pool.history().levels.iter().map(|(_, level)| level.waiting).max(), Some(2));
    });
}

#[test]
fn a_place_goes_to_the_queue_when_a_connection_is_discarded() {
    in_a_lab(async |net| {
        let pool = Pool::new(net.clone(), Numbers::default(), PoolOptions { max: 1, ..options() });
        let broken = pool.get().await.expect("one");
        let own = net.clone();
        net.spawn(async move {
            own.sleep(ms(20)).await;
            broken.discard();
        });
        assert_eq!(*pool.get().await.expect("a new one on the free place"), 2);
        assert_eq!(net.now(), Time(40_000_000));
    });
}

#[test]
fn a_refused_connection_frees_its_place() {
    in_a_lab(async |net| {
        let numbers = Numbers { refuses: true, ..Numbers::default() };
        let pool = Pool::new(net.clone(), numbers, PoolOptions { max: 1, ..options() });
        for _ in 0..3 {
            assert!(matches!(pool.get().await, Err(PoolError::Open(_))));
        }
    });
}

#[test]
fn a_dead_one_is_found_by_validation_only() {
    for (validation, expected) in [(Validation::Look, 2), (Validation::Ping, 2), (Validation::None, 1)] {
        in_a_lab(async |net| {
            let numbers = Numbers::default();
            let pool = Pool::new(net.clone(), numbers.clone(), PoolOptions { validation, ..options() });
            drop(pool.get().await.expect("one"));
            numbers.dead.borrow_mut().push(1);
            assert_eq!(*pool.get().await.expect("one"), expected, "{validation:?}");
            assert_eq!(pool.history().stale, usize::from(expected == 2));
        });
    }
}

#[test]
fn idle_ones_go_down_to_the_minimum_and_old_ones_go_whatever_it_is() {
    in_a_lab(async |net| {
        let limits = PoolOptions { min: 1, idle_timeout: Some(ms(100)), max_lifetime: Some(ms(1000)), ..options() };
        let pool = Pool::new(net.clone(), Numbers::default(), limits);
        net.sleep(ms(20)).await;
        assert_eq!(pool.history().levels.last().expect("a level").1.idle, 1);
        let both = (pool.get().await.expect("one"), pool.get().await.expect("two"));
        drop(both);
        net.sleep(ms(500)).await;
        assert_eq!(pool.history().levels.last().expect("a level").1, Level { idle: 1, ..Level::default() });
        assert_eq!(pool.history().retired, 1);
        net.sleep(ms(700)).await;
        assert_eq!((pool.history().retired, pool.history().opened), (2, 3));
    });
}

#[test]
fn a_connection_kept_too_long_is_suspected() {
    in_a_lab(async |net| {
        let limits = PoolOptions { leak_after: Some(ms(30)), ..options() };
        let pool = Pool::new(net.clone(), Numbers::default(), limits);
        drop(pool.get().await.expect("one"));
        net.sleep(ms(100)).await;
        assert_eq!(pool.history().suspects, []);
        let kept = pool.get().await.expect("one");
        net.sleep(ms(100)).await;
        assert_eq!(pool.history().suspects, [Time(140_000_000)]);
        drop(kept);
    });
}
