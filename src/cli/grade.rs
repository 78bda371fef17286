//! `grade tcp-echo`: tests the learner's own server, over this machine's loopback.
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use super::NO;
use super::streams::{print, safe, tell};
use crate::net::host::HostNet;
use crate::recording::json::pretty;
use crate::services::grade::{self, Behaviour, Outcome};

/// A behaviour in JSON; the fields are documented and stable.
#[derive(Serialize)]
struct Listed<'a> {
    behaviour: &'static str,
    passed: bool,
    sent: &'a str,
    received: &'a str,
    expected: &'static str,
    why: &'static str,
    look_for: &'static str,
}

/// Tests the server; exit code 0 when it shows all seven behaviours, 1 when it does not.
pub(super) fn tcp_echo(port: u16, idle: u64, json: bool) -> anyhow::Result<ExitCode> {
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let idle = Duration::from_secs(idle);
    tell(&format!("Testing the server at {server}; this takes about {} seconds.", idle.as_secs() * 2 + 3));
    let outcomes = HostNet::run(|net| async move { grade::tcp_echo(&net, server, idle).await })??;
    print(&if json { as_json(&outcomes)? } else { as_text(&outcomes)? })?;
    Ok(if outcomes.iter().all(|it| it.passed) { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

/// The seven behaviours by name, for the help.
pub(super) fn behaviours() -> String {
    let listed = Behaviour::ALL.iter().map(|it| format!("\n  {} {:<15} {}", it.number(), it.name(), it.expected()));
    format!("It tests these behaviours, each on a connection of its own:{}", listed.collect::<String>())
}

fn as_json(outcomes: &[Outcome]) -> anyhow::Result<String> {
    let listed = |it: &Outcome| {
        serde_json::to_value(Listed {
            behaviour: it.behaviour.name(),
            passed: it.passed,
            sent: &it.sent,
            received: &it.received,
            expected: it.behaviour.expected(),
            why: it.behaviour.why(),
            look_for: it.behaviour.look_for(),
        })
    };
    let all: Vec<serde_json::Value> = outcomes.iter().map(listed).collect::<Result<_, _>>()?;
    Ok(pretty(&all)?)
}

fn as_text(outcomes: &[Outcome]) -> anyhow::Result<String> {
    let mut text = String::new();
    for outcome in outcomes {
        let behaviour = outcome.behaviour;
        let sign = if outcome.passed { "passed" } else { "FAILED" };
        writeln!(text, "{} {sign}  {}", behaviour.number(), behaviour.name())?;
        if outcome.passed {
            continue;
        }
        let told = [
            ("sent", outcome.sent.as_str()),
            ("came back", &outcome.received),
            ("expected", behaviour.expected()),
            ("why it matters", behaviour.why()),
            ("look for", behaviour.look_for()),
        ];
        for (what, said) in told {
            let indent = format!("    {what}: ");
            let options = textwrap::Options::new(78).initial_indent(&indent).subsequent_indent("      ");
            writeln!(text, "{}", textwrap::fill(said, options))?;
        }
    }
    let passed = outcomes.iter().filter(|it| it.passed).count();
    writeln!(text, "{passed} of {} behaviours", outcomes.len())?;
    Ok(safe(&text))
}
