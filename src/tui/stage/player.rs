//! The playback clock: where the cursor stands, whether it moves, how fast.
use std::time::Duration;

use crate::recording::Time;

/// A run plays in at most this long at the speed chosen for it, and in no less than a third of it.
const WATCHABLE: Duration = Duration::from_secs(12);

/// The slowest and fastest step of the 1-2-5 ladder: 1 000 000 times slower, 1000 times faster.
const SLOWEST: i32 = -18;
const FASTEST: i32 = 9;

/// The cursor of a run that plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Player {
    pub(super) playing: bool,
    /// Steps of the ladder: 0 is real time, below 0 slower.
    speed: i32,
    /// Chosen by the learner: a new run keeps it.
    chosen: bool,
}

/// The ladder: 1, 2, 5, 10, 20, 50 ...
const fn factor(step: u32) -> u64 {
    [1, 2, 5][step as usize % 3] * 10_u64.pow(step / 3)
}

impl Player {
    /// Chooses a speed at which a run of this length can be watched, unless the learner chose one.
    pub(super) fn fit(&mut self, length: Duration) {
        if !self.chosen {
            let fits = |speed: &i32| Self { speed: *speed, ..*self }.lasts(length) <= WATCHABLE;
            self.speed = (SLOWEST..FASTEST).find(fits).unwrap_or(FASTEST);
        }
    }

    /// How long a run of this length plays.
    fn lasts(self, length: Duration) -> Duration {
        let nanos = length.as_nanos();
        let factor = u128::from(factor(self.speed.unsigned_abs()));
        let lasts = if self.speed < 0 { nanos * factor } else { nanos / factor };
        Duration::from_nanos(u64::try_from(lasts).unwrap_or(u64::MAX))
    }

    /// How much of the run passes while this much real time does.
    pub(super) fn advance(self, passed: Duration) -> Duration {
        Self { speed: -self.speed, ..self }.lasts(passed)
    }

    pub(super) fn faster(&mut self) {
        self.speed = (self.speed + 1).min(FASTEST);
        self.chosen = true;
    }

    pub(super) fn slower(&mut self) {
        self.speed = (self.speed - 1).max(SLOWEST);
        self.chosen = true;
    }

    /// `200× slower`.
    pub(super) fn speed_name(self) -> String {
        let factor = factor(self.speed.unsigned_abs());
        match self.speed {
            0 => "real time".to_owned(),
            ..0 => format!("{factor}× slower"),
            _ => format!("{factor}× faster"),
        }
    }

    /// The cursor after this much real time, and whether it reached the end. A quiet stretch passes in a moment.
    pub(super) fn tick(self, cursor: Time, passed: Duration, end: Time, quiet: &[(Time, Time)]) -> (Time, bool) {
        let next = cursor + self.advance(passed);
        let here = stretch(quiet, cursor).map(|(from, to)| (to, hurry(to.since(from), passed, quiet.len())));
        let next = here.map_or(next, |(to, by)| next.max((cursor + by).min(to))).min(end);
        (next, next == end)
    }
}

/// The quiet stretch an instant is in.
pub(super) fn stretch(quiet: &[(Time, Time)], at: Time) -> Option<(Time, Time)> {
    quiet.iter().copied().find(|(from, to)| (*from..*to).contains(&at))
}

/// How much of a quiet stretch passes, so that each takes a second at the most, and many together no longer than three.
fn hurry(whole: Duration, passed: Duration, stretches: usize) -> Duration {
    let stretches = u128::try_from(stretches.max(3)).unwrap_or(3);
    let each = Duration::from_secs(3).as_nanos() / stretches;
    let nanos = whole.as_nanos() * passed.as_nanos() / each.max(1);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_plays_in_about_eight_seconds() {
        for micros in [40, 900, 60_000, 1_300_000, 8_000_000, 90_000_000, 700_000_000] {
            let length = Duration::from_micros(micros);
            let mut player = Player::default();
            player.fit(length);
            let lasts = player.lasts(length);
            assert!((Duration::from_secs(4)..=WATCHABLE).contains(&lasts), "{length:?} plays in {lasts:?}");
        }
    }

    #[test]
    fn a_quiet_stretch_passes_in_a_second_and_is_not_overshot() {
        let mut player = Player::default();
        player.fit(Duration::from_millis(60));
        let (from, to) = (Time(20_000_000), Time(5_020_000_000));
        let end = Time(5_060_000_000);
        let (mut cursor, mut frames, mut inside) = (Time::ZERO, 0, 0);
        while cursor < end {
            let is_quiet = stretch(&[(from, to)], cursor).is_some();
            (cursor, _) = player.tick(cursor, Duration::from_millis(50), end, &[(from, to)]);
            assert!(!is_quiet || cursor <= to, "{cursor}: what comes after it is played at its own speed");
            frames += 1;
            inside += u32::from(is_quiet);
        }
        assert!((19..=21).contains(&inside), "{inside} frames of 50 ms");
        assert!(frames * 50 < 14_000, "{frames}");
        let fast = player.tick(from, Duration::from_secs(2000), end, &[(from, to)]);
        assert_eq!(fast, (end, true), "never slower than the speed that was chosen");
    }

    #[test]
    fn the_speed_is_told_as_it_is() {
        let mut player = Player::default();
        player.fit(Duration::from_millis(60));
        assert_eq!(player.speed_name(), "200× slower");
        assert_eq!(player.advance(Duration::from_secs(1)), Duration::from_millis(5));
        player.faster();
        assert_eq!(player.speed_name(), "100× slower");
        player.fit(Duration::from_secs(9));
        assert_eq!(player.speed_name(), "100× slower", "what the learner chose stays");
    }
}
