//! The interfaces of this machine as a list, and a name that is none of theirs.
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::packets::aligned::{Side, aligned};
use crate::cli::streams::write;
use crate::near::near;
use crate::net::capture::{Interface, interfaces};
use crate::recording::json;
use crate::wire::text::visible;

/// What stands in the JSON of the list.
pub(super) const SHAPE: &str =
    "Without an interface: [{\"name\", \"state\", \"mac\", \"addresses\": [..]}], mac being null where there is none.";

/// An interface in the list.
#[derive(Serialize)]
struct Listed {
    name: String,
    state: &'static str,
    mac: Option<String>,
    addresses: Vec<String>,
}

/// Prints the list.
pub(super) fn list(as_json: bool) -> anyhow::Result<ExitCode> {
    let all: Vec<Listed> = interfaces()?.iter().map(listed).collect();
    if as_json {
        write(json::pretty(&all)?.as_bytes())?;
    } else {
        let rows = all
            .into_iter()
            .map(|it| vec![it.name, it.state.to_owned(), it.addresses.join(" "), it.mac.unwrap_or_default()]);
        write(aligned(&rows.collect::<Vec<_>>(), &[Side::Left; 4]).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(it: &Interface) -> Listed {
    let mac = it.mac.map(|it| it.map(|byte| format!("{byte:02x}")).join(":"));
    let state = match (it.is_up, it.has_carrier) {
        (false, _) => "down",
        (true, false) => "no carrier",
        (true, true) => "up",
    };
    let addresses = it.addresses.iter().map(|(address, prefix)| format!("{address}/{prefix}")).collect();
    Listed { name: visible(&it.name), state, mac, addresses }
}

/// Says that there is no such interface, and which there are.
pub(super) fn unknown(name: &str) -> String {
    let all = interfaces().unwrap_or_default();
    let names: Vec<&str> = all.iter().map(|it| it.name.as_str()).collect();
    let like = near(name, names.iter().copied());
    let like = if like.is_empty() { String::new() } else { format!("; did you mean {}?", like.join(", ")) };
    format!("there is no interface {name}{like}\nthere are: {}", names.join(", "))
}
