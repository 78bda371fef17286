//! `capture INTERFACE`: packets as they pass an interface of this machine, a line each, as fields, as JSON or into a file.
mod interfaces;
mod looked;
mod screen;
mod session;
mod written;

use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::arguments::Options;
use super::packets::rows::{Asked, SHAPE};
use super::streams::tell;
use super::{FAILED, Misuse};
use crate::net::capture::{self, Capture, Counts, Refused, Told};
use crate::quantity::{Quantity, Unit, counted};
use session::{Goes, Session};

/// How long it is waited before the signals are looked at again.
const MOMENT: Duration = Duration::from_millis(100);

/// What stands behind the help.
const ADVICE: &str = "\
Seeing what passes takes a right: on Linux CAP_NET_RAW, which `sudo setcap cap_net_raw+ep \"$(command -v roundtrip)\"` gives \
the program; on macOS that of reading /dev/bpf*, which Wireshark's ChmodBPF gives. Capture traffic of your own, or with the \
leave of those whose it is.

Packets that are shown lie in a temporary file until the end (in TMPDIR): what is said of one refers to those before it. With \
--write and without --filter nothing but the file is kept, and the fewest packets are lost.";

/// `capture`
#[derive(Args, Debug)]
#[command(after_long_help = ADVICE)]
pub(super) struct Wish {
    /// The interface, such as eth0, or lo for what this machine says to itself; without it, the interfaces are listed
    interface: Option<String>,
    /// Only packets it holds for, in Wireshark's words: 'tcp.flags.syn == 1 && ip.addr == 10.0.0.5', 'dns'
    #[arg(long, value_name = "FILTER", requires = "interface")]
    filter: Option<String>,
    /// Print the values of these fields instead, apart by tabs: ip.src,tcp.port
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "interface")]
    fields: Vec<String>,
    /// End after so many packets, of those the filter holds for
    #[arg(long, value_name = "N", requires = "interface", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after so long: 10s, 2min; a bare number is seconds
    #[arg(long = "for", value_name = "TIME", requires = "interface")]
    lasts: Option<String>,
    /// Show the packets on the workbench, which follows the newest until one goes elsewhere
    #[arg(long, requires = "interface", conflicts_with_all = ["fields", "json", "count"])]
    screen: bool,
    /// With --screen: when the capture is over, open TLS and QUIC with the keys of that file, as SSLKEYLOGFILE has them
    #[arg(long, value_name = "FILE", requires = "screen")]
    keys: Option<PathBuf>,
    /// Write the packets into a new capture instead (pcapng), as they come; `-` is standard output
    #[arg(long, value_name = "FILE", requires = "interface", conflicts_with_all = ["fields", "json"])]
    write: Option<PathBuf>,
    /// Also take what the card sees of other stations' traffic
    #[arg(long, requires = "interface")]
    promiscuous: bool,
    /// A packet a line as JSON, as it comes
    #[arg(long, long_help = format!("A packet a line as JSON, as it comes, as `packets --json` has them in a list: {SHAPE}\n\n{}", interfaces::SHAPE))]
    json: bool,
}

impl Wish {
    /// What is wanted of the interface.
    fn of_the_link(&self, name: &str, lasts: Option<Duration>) -> capture::Wish {
        let now_ns = || u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default();
        capture::Wish { interface: name.to_owned(), promiscuous: self.promiscuous, lasts, now_ns }
    }
}

/// Lists the interfaces, or captures on one until the count, the time or Ctrl-C ends it.
pub(super) fn run(options: &Options, wish: &Wish) -> anyhow::Result<ExitCode> {
    let asked = Asked::read(wish.filter.as_deref(), &wish.fields)?;
    let lasts = wish.lasts.as_deref().map(time).transpose()?;
    let Some(name) = wish.interface.clone() else { return interfaces::list(wish.json) };
    written::is_free(wish.write.as_deref())?;
    let of = wish.of_the_link(&name, lasts);
    if wish.screen && (!stdout().is_terminal() || wish.write.as_deref() == Some(Path::new(written::STDOUT))) {
        return Err(Misuse("--screen: standard output is not a terminal of its own".to_owned()).into());
    }
    let capture = Capture::begin(&of).map_err(refused)?;
    if wish.screen {
        return screen::open(options, wish, (of, capture));
    }
    let stop = end_at_signals().context("the signals cannot be heard")?;
    let mut session = Session::new(wish, asked, (&name, capture.link()))?;
    tell(&format!("capturing on {name} ({}); Ctrl-C ends it", capture.link().name()));
    let (counts, error) = loop {
        if stop.load(Ordering::Relaxed) {
            capture.stop();
        }
        match capture.next(MOMENT) {
            Told::Packets(batch) if session.is_done() => drop(batch),
            Told::Packets(batch) => {
                if session.take(&batch)? == Goes::Done {
                    capture.stop();
                }
            }
            Told::Quiet => {}
            Told::Ended(counts, error) => break (counts, error),
        }
    };
    tell(&format!("{}{}", session.end(counts)?, dropped(counts)));
    let Some(error) = error else { return Ok(ExitCode::SUCCESS) };
    tell(&format!("roundtrip: the capture ended: {error}"));
    Ok(ExitCode::from(FAILED))
}

/// What the kernel dropped, in words.
fn dropped(counts: Option<Counts>) -> String {
    match counts {
        None => "; how many were dropped is not told here".to_owned(),
        Some(Counts { dropped: 0, .. }) => "; none was dropped".to_owned(),
        Some(Counts { dropped, .. }) => {
            let packets = counted(usize::try_from(dropped).unwrap_or(usize::MAX), "packet");
            format!("; {packets} more came too fast and were dropped: --write without --filter takes the most")
        }
    }
}

/// A capture that is not begun: which interfaces there are, or what to do.
fn refused(refused: Refused) -> anyhow::Error {
    match refused {
        Refused::Unknown(name) => Misuse(interfaces::unknown(&name)).into(),
        refused => refused.into(),
    }
}

/// `--for`
fn time(text: &str) -> Result<Duration, Misuse> {
    let with_unit = if text.bytes().all(|it| it.is_ascii_digit()) { format!("{text}s") } else { text.to_owned() };
    let time = Quantity::parse(&with_unit, Unit::Nanoseconds).map_err(|wrong| Misuse(format!("--for: {wrong}")))?;
    let time = time.as_duration().filter(|it| !it.is_zero());
    time.ok_or_else(|| Misuse("--for: a capture lasts longer than 0".to_owned()))
}

/// The first signal ends the capture, and what was captured by then is given out; a second one ends the program as ever.
fn end_at_signals() -> std::io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&flag))?;
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_seconds_or_has_its_unit() {
        assert_eq!(time("10").ok(), Some(Duration::from_secs(10)));
        assert_eq!(time("250ms").ok(), Some(Duration::from_millis(250)));
        for wrong in ["0", "0s", "-1s", "soon", ""] {
            let said = time(wrong).expect_err("no time").to_string();
            assert!(said.starts_with("--for: "), "{said}");
        }
    }
}
