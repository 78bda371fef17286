//! What most tests of services stand on: two hosts with a round trip of 80 ms, and an authority.
use std::time::Duration;

use crate::lab::{Lab, LabNet, LinkOptions};
use crate::recording::{Recording, Run};
use crate::services::tls::{Authority, Ground};

/// The client at 10.0.0.1, the server at 10.0.0.2, and who vouches for names.
pub(in crate::services) struct Pair {
    pub(in crate::services) client: LabNet,
    pub(in crate::services) server: LabNet,
    pub(in crate::services) ground: Ground,
    pub(in crate::services) authority: Authority,
}

/// What a script between the two comes to, and the recording of it; the link is as told, and 40 ms long.
pub(in crate::services) fn between<T>(
    seed: u64,
    link: LinkOptions,
    script: impl AsyncFnOnce(Pair) -> T,
) -> (T, Recording) {
    let mut lab = Lab::new(seed, &[]);
    let client = lab.host("client").address("10.0.0.1/24").add();
    let server = lab.host("server").address("10.0.0.2/24").add();
    lab.link(client, server, link.delay(Duration::from_millis(40)));
    lab.introduce_everybody();
    let (client, server) = (lab.net(client), lab.net(server));
    let ground = Ground::lab(&client, seed);
    let authority = Authority::new(&ground, "the lab's authority").expect("it is made");
    let outcome = lab.run(script(Pair { client, server, ground, authority })).expect("it ends");
    (outcome, lab.finish(Run::default()))
}
