//! The queues of a run as settings of a Linux host, and the commands that watch them.
use std::fmt::Write as _;

use crate::demos::{Export, Knobs};
use crate::recording::Recording;

pub(super) const ALL: &[Export] = &[Export {
    name: "sysctl",
    about: "sysctl.conf for a Linux host with these queues, and how to watch them",
    extension: "conf",
    write: sysctl,
}];

/// `tcp_syncookies` for a word of the knob (ip-sysctl).
fn cookies(word: &str) -> u8 {
    match word {
        "never" => 0,
        "always" => 2,
        _ => 1,
    }
}

/// What bounds half-open connections on Linux (`tcp_conn_request`): without cookies three quarters of
/// `tcp_max_syn_backlog`, since the last quarter is kept for peers that are known; with cookies the backlog alone.
fn half_open(without_cookies: bool, places: u64) -> String {
    if without_cookies {
        let sysctl = places.saturating_sub(1) * 4 / 3;
        format!(
            "# Half-open connections, {places} as here: the last quarter of this is kept for peers that are known.\n\
             net.ipv4.tcp_max_syn_backlog = {sysctl}\n"
        )
    } else {
        format!(
            "# With cookies half-open connections are bounded by the backlog alone; this lab's own limit was {places}.\n\
             # To see cookies from there on, let the program ask with listen(fd, {places}).\n"
        )
    }
}

fn sysctl(knobs: &Knobs, run: &Recording) -> String {
    let mut text =
        "# Queues in front of accept(), as in this run. Sources: ip-sysctl, listen(2), ss(8), nstat(8).\n".to_owned();
    for name in ["got_in", "shut_out", "let_down", "syn_queue_peak", "accept_queue_peak"] {
        if let Some(it) = run.measurement(name) {
            writeln!(text, "# measured: {} = {}", it.label, it.value).expect("a String takes all text");
        }
    }
    let abort = u8::from(knobs.choice("overflow") == "reset");
    let (backlog, places) = (knobs.number("backlog"), knobs.number("places"));
    let half_open = half_open(knobs.choice("cookies") == "never", places);
    let cookies = cookies(knobs.choice("cookies"));
    write!(
        text,
        "\n# No listener gets more than this; the program asks with listen(fd, {backlog}).\n\
         net.core.somaxconn = {backlog}\n\
         {half_open}\
         # 0 never, 1 when the SYN queue is full, 2 always\n\
         net.ipv4.tcp_syncookies = {cookies}\n\
         # 1: a full accept queue resets instead of dropping\n\
         net.ipv4.tcp_abort_on_overflow = {abort}\n\
         \n\
         # Watch:\n\
         #   ss -ltn                     Recv-Q of a listener: the accept queue; Send-Q: its limit\n\
         #   ss -Htan state syn-recv     the SYN queue\n\
         #   nstat -az TcpExtListenOverflows TcpExtListenDrops TcpExtSyncookiesSent\n"
    )
    .expect("a String takes all text");
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::demos::{Setup, export, run};

    #[test]
    fn the_recipe_has_the_settings_of_the_run() {
        let settings = [("cookies", "never"), ("places", "32"), ("backlog", "64"), ("overflow", "reset")];
        let settings: BTreeMap<_, _> = settings.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let run = run("syn-queue", &settings, &Setup::default()).expect("within the knobs");
        let text = export::write("sysctl", &run).expect("it has one");
        for line in [
            "net.core.somaxconn = 64",
            "net.ipv4.tcp_max_syn_backlog = 41",
            "net.ipv4.tcp_syncookies = 0",
            "net.ipv4.tcp_abort_on_overflow = 1",
            "# measured: the SYN queue held = 32",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}: {text}");
        }
    }
}
