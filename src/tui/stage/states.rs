//! The states view's own keys: from state to state, and from one connection to the next.
use super::Stage;
use crate::tui::action::Action;
use crate::tui::views::states;

impl Stage {
    /// Does what only the states view does; false when it is no such key.
    pub(super) fn in_states(&mut self, action: &Action) -> bool {
        match action {
            Action::Down | Action::Scroll { down: true, .. } => self.go_to_state(true),
            Action::Up | Action::Scroll { down: false, .. } => self.go_to_state(false),
            Action::Vantage => self.next_group(),
            _ => return false,
        }
        true
    }

    fn next_group(&mut self) {
        let count = self.shown.as_ref().map_or(0, |run| run.machines().groups.len()).max(1);
        self.state.group = (self.state.group + 1) % count;
    }

    /// To the next move of the machines on show, or the one before.
    fn go_to_state(&mut self, forward: bool) {
        let Some(run) = &self.shown else { return };
        let steps = states::steps(run.machines(), states::group(run.machines(), &self.state));
        let here = states::current(&steps, &self.state);
        let is_on_it = here.is_some_and(|it| steps[it].at == self.state.cursor);
        let next = match (here, forward) {
            (None, true) => Some(0),
            // Every one of an instant is stepped to, whichever of them the cursor came upon.
            (Some(here), true) if is_on_it && self.state.event.is_none() => {
                Some(steps[..here].partition_point(|it| it.at < self.state.cursor))
            }
            (Some(here), true) => Some(here + 1),
            (Some(here), false) if is_on_it => here.checked_sub(1),
            (here, false) => here,
        };
        if let Some(step) = next.and_then(|next| steps.get(next)) {
            self.go_to_event(step.event);
        }
    }
}
