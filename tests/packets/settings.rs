//! The settings a script's `host` line can turn, by the names of `TcpSettings` and `HostOptions`.
use roundtrip::lab::HostOptions;
use roundtrip::lab::tcp::{Congestion, Ecn, KeepAlive, SynCookies};

use crate::script::duration;

/// The host a script asks for.
///
/// # Panics
/// For a name or a value that is not known.
pub(crate) fn host(settings: &[(String, String)]) -> HostOptions {
    let mut host = HostOptions { trace_calls: false, ..HostOptions::default() };
    for (key, value) in settings {
        set(&mut host, key, value).unwrap_or_else(|| panic!("host {key}={value}: no such setting or value"));
    }
    host
}

fn set(host: &mut HostOptions, key: &str, value: &str) -> Option<()> {
    let tcp = &mut host.tcp;
    match key {
        "receive_buffer" => host.receive_buffer = value.parse().ok()?,
        "send_buffer" => host.send_buffer = value.parse().ok()?,
        "congestion" => tcp.congestion = congestion(value)?,
        "hystart" => tcp.hystart = switch(value)?,
        "initial_window" => tcp.initial_window = value.parse().ok()?,
        "slow_start_after_idle" => tcp.slow_start_after_idle = switch(value)?,
        "ack_delay" => tcp.ack_delay = if value == "none" { None } else { Some(duration(value)?) },
        "quick_acks" => tcp.quick_acks = value.parse().ok()?,
        "nagle" => tcp.nagle = switch(value)?,
        "window_scaling" => tcp.window_scaling = switch(value)?,
        "timestamps" => tcp.timestamps = switch(value)?,
        "sack" => tcp.sack = switch(value)?,
        "ecn" => tcp.ecn = ecn(value)?,
        "min_rto" => tcp.min_rto = duration(value)?,
        "syn_retries" => tcp.syn_retries = value.parse().ok()?,
        "syn_linear_timeouts" => tcp.syn_linear_timeouts = value.parse().ok()?,
        "synack_retries" => tcp.synack_retries = value.parse().ok()?,
        "user_timeout" => tcp.user_timeout = duration(value)?,
        "keepalive" => tcp.keepalive = Some(keepalive(value)?),
        "time_wait" => tcp.time_wait = duration(value)?,
        "time_wait_reuse" => tcp.time_wait_reuse = switch(value)?,
        "backlog" => tcp.backlog = value.parse().ok()?,
        "syn_backlog" => tcp.syn_backlog = value.parse().ok()?,
        "syn_cookies" => tcp.syn_cookies = cookies(value)?,
        "abort_on_overflow" => tcp.abort_on_overflow = switch(value)?,
        "path_mtu_discovery" => tcp.path_mtu_discovery = switch(value)?,
        _ => return None,
    }
    Some(())
}

fn switch(value: &str) -> Option<bool> {
    match value {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

fn congestion(value: &str) -> Option<Congestion> {
    match value {
        "cubic" => Some(Congestion::Cubic),
        "reno" => Some(Congestion::NewReno),
        "bbr" => Some(Congestion::Bbr),
        _ => None,
    }
}

fn ecn(value: &str) -> Option<Ecn> {
    match value {
        "off" => Some(Ecn::Off),
        "passive" => Some(Ecn::Passive),
        "active" => Some(Ecn::Active),
        _ => None,
    }
}

fn cookies(value: &str) -> Option<SynCookies> {
    match value {
        "never" => Some(SynCookies::Never),
        "when_full" => Some(SynCookies::WhenFull),
        "always" => Some(SynCookies::Always),
        _ => None,
    }
}

/// `10s/1s/3`: idle, interval, probes.
fn keepalive(value: &str) -> Option<KeepAlive> {
    let parts: Vec<_> = value.split('/').collect();
    let [idle, interval, probes] = parts[..] else { return None };
    Some(KeepAlive { idle: duration(idle)?, interval: duration(interval)?, probes: probes.parse().ok()? })
}
