//! The sender against a path of a few lines: what a learner is to see, and what must never happen.
mod path;

use std::time::Duration;

use crate::lab::tcp::sender::{Decision, Detection, SenderOptions, Why};
use crate::lab::tcp::settings::Congestion;
use crate::recording::Time;
use path::{MSS, PathOptions, Transfer};

const MB: u32 = 1_000_000;

/// 10 Mbit/s, 40 ms, 64 KiB.
fn ten_megabit(bytes: u32) -> PathOptions {
    PathOptions {
        rate: 10_000_000,
        one_way: Duration::from_millis(20),
        queue: 64 * 1024,
        bytes,
        drops: [].into(),
        loss_in: None,
        late: None,
        seed: 1,
        sack: true,
        timestamps: true,
        mark_above: None,
    }
}

fn sender(congestion: Congestion) -> SenderOptions {
    SenderOptions {
        congestion,
        hystart: false,
        initial_window: 10,
        mss: MSS,
        sack: true,
        detection: Detection::Rack,
        min_rto: Duration::from_millis(200),
        slow_start_after_idle: true,
        seed: 1,
    }
}

fn run(path: PathOptions, sender: SenderOptions) -> Transfer {
    let mut transfer = Transfer::new(path, sender);
    transfer.run();
    transfer
}

impl Transfer {
    /// The longest time without progress at the receiver.
    fn longest_stall(&self) -> Duration {
        self.progress.windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap_or_default()
    }

    /// bit/s of payload from `since` to the end.
    fn goodput(&self, since: Duration) -> f64 {
        let from = self.progress.iter().find(|it| it.0 >= Time(0) + since).expect("it lasts that long");
        let to = self.progress.last().expect("never empty");
        f64::from(to.1 - from.1) * 8.0 / (to.0 - from.0).as_secs_f64()
    }

    fn timeouts(&self) -> usize {
        self.decisions.iter().filter(|it| matches!(it.1, Decision::Timeout { .. })).count()
    }

    fn again(&self) -> Vec<Why> {
        let is_new = |why: &Why| matches!(why, Why::Window | Why::LimitedTransmit);
        self.whys.iter().map(|it| it.2).filter(|why| !is_new(why)).collect()
    }

    fn story(&self) -> String {
        self.decisions.iter().map(|(at, it)| format!("{at}: {it}\n")).collect()
    }
}

#[test]
fn twenty_megabytes_fill_the_link_after_slow_start() {
    for congestion in [Congestion::NewReno, Congestion::Cubic, Congestion::Bbr] {
        let transfer = run(ten_megabit(20 * MB), sender(congestion));
        // 1448 of 1514 bytes are payload.
        let share = transfer.goodput(Duration::from_secs(3)) / (10e6 * 1448.0 / 1514.0);
        assert!(share >= 0.95, "{congestion:?} reaches {share:.3} of the ceiling\n{}", transfer.story());
        assert_eq!(transfer.timeouts(), 0, "{}", transfer.story());
        assert!(transfer.longest_stall() < Duration::from_millis(200), "{:?}", transfer.longest_stall());
    }
}
