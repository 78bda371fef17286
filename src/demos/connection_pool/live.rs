//! The pool's live side: the same client, pool and server on this machine's sockets.
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::script::{self, Outcome};
use super::{Mode, ServerLog, ServerOptions, figures, jobs, mode_of, script_of, work};
use crate::demos::live::{Live, Script, Stand};
use crate::net::{Listener, Net};

pub(super) const LIVE: Live = Live {
    nodes: ["client", "server"],
    port: 80,
    looks_up: false,
    trusts: false,
    words: &[],
    lab: |_| {},
    knobs: &[
        "mode",
        "arrivals",
        "service",
        "times",
        "rate",
        "requests",
        "pool",
        "min",
        "target",
        "idle-timeout",
        "max-lifetime",
        "validation",
        "wait",
        "leak",
        "server-idle",
        "closer",
        "response",
    ],
    // Of each connection's own there would be too many: the pool's are the ones to see.
    curves: &[],
    limit: Duration::from_secs(60),
    script,
};

fn script(stand: Stand) -> Script {
    let mode = mode_of(&stand.knobs);
    let outcome = Outcome::new(mode, stand.knobs.choice("arrivals") == "one-by-one");
    let (seen, knobs) = (Rc::clone(&outcome), stand.knobs.clone());
    let play = Box::pin(async move { play(&stand, mode, &outcome).await });
    let found = Box::new(move |recording: &mut _| figures::live(recording, &seen, &knobs).into(recording));
    Script { play, found }
}

async fn play(stand: &Stand, mode: Mode, outcome: &Rc<Outcome>) -> io::Result<()> {
    let to = serve(stand).await?;
    let (jobs, left_out) = jobs(&stand.knobs, stand.seed);
    if left_out > 0 {
        stand.client.note(format!("{left_out} requests are left out, as in the lab"));
    }
    script::drive(&stand.client, &script::Script { to, ..script_of(mode, &stand.knobs) }, jobs, outcome).await;
    let trips = outcome.trips.borrow();
    for trip in trips.iter().filter(|it| it.failure.is_some()).take(10) {
        stand.client.note(format!("request {} gave up: {}", trip.number, trip.failure.as_deref().unwrap_or("")));
    }
    let nothing = trips.iter().all(|it| it.failure.is_some());
    let why = trips.first().and_then(|it| it.failure.clone()).filter(|_| nothing);
    why.map_or(Ok(()), |why| Err(io::Error::other(format!("no request was answered: {why}"))))
}

/// Where the server is: the host's, or one of the run's own.
async fn serve(stand: &Stand) -> io::Result<SocketAddr> {
    let Some(net) = &stand.server else { return Ok(stand.at) };
    let idle = Some(stand.knobs.time("server-idle")).filter(|it| !it.is_zero());
    let options = ServerOptions { idle, ..ServerOptions::default() };
    let listener = net.listen_with(stand.at, options.socket).await?;
    let at = listener.local()?;
    let (own, log) = (net.clone(), ServerLog::default());
    net.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            own.spawn(work::converse(own.clone(), stream, options, Rc::clone(&log)));
        }
    });
    Ok(at)
}

#[cfg(test)]
mod tests {
    use crate::demos::{Knobs, find, live};

    #[test]
    fn a_run_that_is_stopped_tells_what_the_pool_had_counted_until_then() {
        let demo = find("connection-pool").expect("it ships");
        let knobs = Knobs::with(demo.knobs, [("requests", "500"), ("pool", "2")]).expect("settings");
        let request = live::Request { knobs, target: live::Target::Own, seed: 1 };
        let stop = live::Stop::default();
        let asked = stop.clone();
        let mut tell = move |progress: &live::Progress| {
            if progress.elapsed.as_millis() > 400 {
                asked.stop();
            }
        };
        let ran = live::run(demo, &request, &stop, &mut tell).expect("loopback is there");
        assert!(ran.trouble.is_some(), "it was stopped");
        let value = |name: &str| ran.recording.measurement(name).unwrap_or_else(|| panic!("no {name}")).value.value;
        assert_eq!(value("busy_max"), 2);
        assert!(value("waiting_max") > 0 && value("utilisation") > 0);
    }
}
