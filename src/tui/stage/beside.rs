//! Two runs beside each other: which other run, and the keys that go through the rows of one trace or of two.
use std::sync::Arc;

use super::{Prepared, Stage};
use crate::demos::{Setup, live};
use crate::recording::{Recording, Run, beside};
use crate::tui::action::{Action, Effect};
use crate::tui::views::{Kind, steps};

impl Stage {
    /// Shows the other run beside this one, or no longer. Beside a live run stands the lab's, which may have to be made first.
    pub(super) fn turn_compare(&mut self) -> Vec<Effect> {
        if std::mem::take(&mut self.compare) {
            return Vec::new();
        }
        let Some((wanted, effect)) = self.lab_beside() else {
            self.compare = self.other.is_some();
            return Vec::new();
        };
        self.beside = Some(wanted);
        vec![effect]
    }

    /// The lab's run that belongs beside the live one on show, unless it, or another live run, is there already.
    fn lab_beside(&self) -> Option<(Run, Effect)> {
        let shown = &self.recording()?.run;
        shown.live.as_ref()?;
        let knobs = live::beside(self.demo, &self.knobs, shown);
        let setup = Setup { seed: shown.seed, interventions: Vec::new() };
        let (demo, knobs_text, seed) = (self.demo.name.to_owned(), knobs.as_text(), setup.seed);
        let wanted = Run { demo, knobs: knobs_text, seed, ..Run::default() };
        let fits = |other: &Run| other.live.is_some() && other.demo == wanted.demo || *other == wanted;
        let is_there = self.other.as_ref().is_some_and(|it| fits(&it.recording().run));
        (!is_there).then_some((wanted, Effect::Run { demo: self.demo, knobs, setup }))
    }

    /// The lab's run has arrived.
    pub(super) fn stands_beside(&mut self, run: &Arc<Prepared>) {
        self.beside = None;
        self.other = Some(Arc::clone(run));
        self.compare = true;
        self.state.row = None;
    }

    /// Whether the rows of two traces are lined up.
    pub(super) fn compares_steps(&self) -> bool {
        self.pair_of_runs().is_some()
    }

    fn pair_of_runs(&self) -> Option<(&Recording, &Recording)> {
        let (run, other) = (self.shown.as_ref()?, self.other.as_ref()?);
        let is_shown = self.kind == Kind::Steps && self.compare && !self.state.zoomed && steps::both(run, other);
        is_shown.then(|| (run.recording(), other.recording()))
    }

    /// Does what only a trace does; false when it is no such key.
    pub(super) fn in_steps(&mut self, action: &Action) -> bool {
        let (Some(by), Some(run)) = (action.rows(), self.recording()) else { return false };
        let last = run.steps.len().saturating_sub(1);
        let next = steps::chosen(&run.steps, &self.state).saturating_add_signed(by).min(last);
        match self.pair_of_runs() {
            Some(_) => self.in_pairs(by),
            None => self.go_to_step(next),
        }
        true
    }

    /// Stands where a step is over; the packet under the cursor is its first.
    pub(super) fn go_to_step(&mut self, index: usize) {
        let step = self.recording().and_then(|run| run.steps.get(index));
        let Some((until, packet)) = step.map(|it| (it.until, it.packets.first().copied())) else { return };
        self.pause_at(until);
        self.state.packet = packet.unwrap_or(self.state.packet);
        self.state.row = Some(index);
    }

    /// So many rows on or back in two traces beside each other.
    fn in_pairs(&mut self, by: isize) {
        let Some((run, other)) = self.pair_of_runs() else { return };
        let pairs = beside::lined_up(run, other);
        let here = steps::beside::current(&pairs, run, &self.state);
        let next = here.saturating_add_signed(by).min(pairs.len().saturating_sub(1));
        let at = pairs.get(next).and_then(|it| it.this).map(|it| run.steps[it].until);
        if let Some(at) = at {
            self.pause_at(at);
        }
        self.state.row = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demos::{self, Knobs};
    use crate::recording::Live;
    use crate::tui::action::Outcome;

    /// A stage of dns-trace whose live run has arrived.
    fn live(name: &str) -> Stage {
        let demo = demos::find("dns-trace").expect("it ships");
        let knobs = Knobs::with(demo.knobs, [("name", name)]).expect("a setting");
        let mut recording = (demo.run)(&knobs, &Setup::default());
        recording.run.live = Some(Live { host: Some("root".to_owned()), address: ([198, 41, 0, 4], 53).into() });
        recording.run.knobs.retain(|knob, _| knob == "name");
        let mut stage = Stage::of(demo, knobs, Setup::default());
        stage.arrived(Arc::new(Prepared::new(Arc::new(recording))));
        stage
    }

    #[test]
    fn beside_a_live_run_stands_the_labs_with_a_name_the_lab_knows() {
        let mut stage = live("www.wikipedia.org");
        let effects = stage.update(&Action::Compare).expect("the stage's key");
        let [Effect::Run { demo, knobs, setup }] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!((knobs.text("name"), stage.compare), ("www.shop.example", false));
        let run = Prepared::new(Arc::new((demo.run)(knobs, setup)));
        drop(stage.done(&Outcome::Ran(Arc::new(run))));
        assert!(stage.compare && stage.compares_steps());
        assert!(stage.is_live(), "it stands beside the live run, not in its place");
        for expected in [1, 0, 0] {
            drop(stage.update(&Action::Up));
            assert_eq!(stage.state.row, Some(expected), "the lab's referrals come before the only row of the live run");
        }
        for on in [false, true] {
            let effects = stage.update(&Action::Compare).expect("the stage's key");
            assert_eq!((effects.len(), stage.compare), (0, on), "the lab's run is at hand");
        }
    }

    #[test]
    fn a_name_of_the_labs_internet_is_kept() {
        let mut stage = live("static.shop.example");
        let effects = stage.update(&Action::Compare).expect("the stage's key");
        let [Effect::Run { knobs, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!(knobs.text("name"), "static.shop.example");
    }

    #[test]
    fn the_keys_reach_every_check_of_a_chain_though_all_are_made_at_one_instant() {
        let demo = demos::find("cert-chain").expect("it ships");
        let knobs = Knobs::defaults(demo.knobs);
        let run = (demo.run)(&knobs, &Setup::default());
        let checks = run.steps.len();
        let same = run.steps.windows(2).filter(|it| it[0].at == it[1].at).count();
        assert!(same > 8, "{same} of {checks} at one instant");
        let mut stage = Stage::of(demo, knobs, Setup::default());
        stage.arrived(Arc::new(Prepared::new(Arc::new(run))));
        stage.kind = Kind::Steps;
        (0..checks).for_each(|_| drop(stage.update(&Action::Up)));
        for expected in 1..checks {
            drop(stage.update(&Action::Down));
            assert_eq!(stage.state.row, Some(expected));
        }
        drop(stage.update(&Action::View(0)));
        assert_eq!(stage.state.row, None, "the rows of the sequence are others");
    }
}
