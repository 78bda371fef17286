//! How long a full run of each demo takes, from the first frame to the finished recording.
use divan::{Bencher, black_box};
use roundtrip::demos::{self, Knobs, Setup};

fn main() {
    divan::main();
}

/// The run a learner sees first: the knobs as they come.
#[divan::bench(args = demos::all().iter().map(|demo| demo.name), sample_count = 50)]
fn run(bencher: Bencher<'_, '_>, name: &str) {
    let demo = demos::find(name).expect("it was just listed");
    let knobs = Knobs::defaults(demo.knobs);
    let setup = Setup { seed: 1, interventions: Vec::new() };
    bencher.bench(|| (demo.run)(black_box(&knobs), black_box(&setup)));
}

/// The largest run the knobs of tcp-vs-udp allow in its messages.
#[divan::bench(sample_count = 50)]
fn hundred_messages_with_loss(bencher: Bencher<'_, '_>) {
    let demo = demos::find("tcp-vs-udp").expect("it ships");
    let knobs = Knobs::with(demo.knobs, [("messages", "100"), ("loss", "5%")]).expect("the demo's own knobs");
    let setup = Setup { seed: 1, interventions: Vec::new() };
    bencher.bench(|| (demo.run)(black_box(&knobs), black_box(&setup)));
}
