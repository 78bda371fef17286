//! What the stage writes to files: the run, and what one node saw of it.
use super::Stage;
use crate::demos::export;
use crate::recording::vantage::{self, Vantage};
use crate::recording::{NodeKind, Recording, saved};
use crate::tui::action::{Action, Effect, Place};
use crate::tui::capture::Source;
use crate::tui::views::State;

impl Stage {
    /// Saves the run on show in the current folder.
    pub(super) fn save_run(&mut self) -> Vec<Effect> {
        let Some(run) = self.recording() else { return Vec::new() };
        let path = format!("{}.run.json", self.file_name(run));
        let bytes = saved::save(run).into_bytes();
        self.saving = self.shown.clone().map(|run| (path.clone(), run));
        vec![Effect::Write { path, bytes }]
    }

    /// Saves what the chosen packet's host captured, for Wireshark.
    pub(super) fn save_capture(&self) -> Vec<Effect> {
        let Some(run) = self.recording() else { return Vec::new() };
        if let Some(live) = &run.run.live {
            return vec![Effect::Say(live.no_packets())];
        }
        let Some(place) = place(run, &self.state) else { return Vec::new() };
        let path = format!("{}-{}.pcapng", self.file_name(run), place.name(run));
        vec![Effect::Write { path, bytes: place.pcapng(run) }]
    }

    /// Opens what the chosen packet's host captured on the workbench.
    pub(super) fn open_capture(&self) -> Vec<Effect> {
        let Some(run) = self.recording() else { return Vec::new() };
        let Some(place) = place(run, &self.state) else { return Vec::new() };
        let name = format!("{}-{}.pcapng", self.file_name(run), place.name(run));
        vec![Effect::Go(Place::Capture(Source::of_bytes(name, place.pcapng(run))))]
    }

    /// Offers what the run gives to other programs.
    pub(super) fn exports(&self) -> Vec<Effect> {
        let Some(run) = self.recording() else { return Vec::new() };
        let all = export::of(run);
        if all.is_empty() {
            return vec![Effect::Say("This run measured nothing that could be exported.".to_owned())];
        }
        let choice = |it: &export::Export| {
            (it.extension, format!("{}: {}", it.name, it.about), Action::SaveExport(it.name.to_owned()))
        };
        vec![Effect::Offer { title: "Save for another program", choices: all.into_iter().map(choice).collect() }]
    }

    /// Saves the text of that name in the current folder.
    pub(super) fn save_export(&self, name: &str) -> Vec<Effect> {
        let Some(run) = self.recording() else { return Vec::new() };
        let Some(export) = export::of(run).into_iter().find(|it| it.name == name) else { return Vec::new() };
        let path = format!("{}-{name}.{}", self.file_name(run), export.extension);
        vec![Effect::Write { path, bytes: export.text(run).into_bytes() }]
    }

    fn file_name(&self, run: &Recording) -> String {
        if run.run.live.is_some() {
            return format!("{}-live", self.demo.name);
        }
        let forked = if run.run.interventions.is_empty() { "" } else { "-forked" };
        format!("{}-{}{forked}", self.demo.name, self.setup.seed)
    }
}

/// Whose capture is meant: of an end of the packet under the cursor that is a host, else of the first host.
fn place(run: &Recording, state: &State) -> Option<Vantage> {
    let is_host = |it: &&Vantage| run.topology.nodes.get(it.node).is_some_and(|node| node.kind == NodeKind::Host);
    let all = vantage::all(run);
    let packet = run.packet(state.packet);
    let at_end = |it: &&Vantage| {
        packet.is_some_and(|packet| [packet.from, packet.to].contains(&it.node) && on_link(run, packet.link, **it))
    };
    all.iter().filter(is_host).find(at_end).or_else(|| all.iter().find(is_host)).copied()
}

fn on_link(run: &Recording, link: usize, place: Vantage) -> bool {
    let ends = run.topology.links.get(link).map(|link| link.ends);
    ends.is_some_and(|ends| ends.iter().any(|end| (end.node, end.interface) == (place.node, place.interface)))
}
