//! What Linux says of this process and its sockets: `/proc/self` and `/proc/net/sockstat`. Elsewhere there is no such place.
use std::fs;
use std::io::{Error, ErrorKind, Result};

/// This process at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes in RAM (`VmRSS`), and bytes of addresses given out (`VmSize`).
    pub resident: u64,
    pub reserved: u64,
    pub threads: u64,
    /// Open descriptors, and how many there may be (the soft limit of `RLIMIT_NOFILE`).
    pub descriptors: u64,
    pub descriptor_limit: u64,
}

/// The TCP sockets of this machine's network namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sockets {
    /// Connected or listening, and in TIME-WAIT.
    pub in_use: u64,
    pub time_wait: u64,
    /// Bytes charged for what is queued in all of them, in whole pages.
    pub memory: u64,
}

/// What `/proc` counts queued bytes in (`getconf PAGESIZE` on x86-64 and most arm64).
const PAGE: u64 = 4096;

impl Usage {
    /// # Errors
    /// `Unsupported` where there is no `/proc/self`.
    pub fn read() -> Result<Self> {
        let status = text("/proc/self/status")?;
        let kilobytes = |name: &str| number(&status, name).map(|it| it * 1024);
        let limits = text("/proc/self/limits")?;
        let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
        let limit = limit.and_then(|rest| rest.split_whitespace().next()).and_then(|it| it.parse().ok());
        // Reading the folder takes a descriptor itself.
        let descriptors = fs::read_dir("/proc/self/fd").map_err(unsupported)?.count() as u64;
        Ok(Self {
            resident: kilobytes("VmRSS:").unwrap_or(0),
            reserved: kilobytes("VmSize:").unwrap_or(0),
            threads: number(&status, "Threads:").unwrap_or(0),
            descriptors: descriptors.saturating_sub(1),
            descriptor_limit: limit.unwrap_or(u64::MAX),
        })
    }
}

impl Sockets {
    /// # Errors
    /// `Unsupported` where there is no `/proc/net/sockstat`.
    pub fn read() -> Result<Self> {
        let all = text("/proc/net/sockstat")?;
        let line = all.lines().find_map(|line| line.strip_prefix("TCP: ")).unwrap_or("");
        let value = |name: &str| {
            let mut words = line.split_whitespace().skip_while(|it| *it != name).skip(1);
            words.next().and_then(|it| it.parse::<u64>().ok()).unwrap_or(0)
        };
        Ok(Self { in_use: value("inuse"), time_wait: value("tw"), memory: value("mem") * PAGE })
    }
}

fn text(path: &str) -> Result<String> {
    fs::read_to_string(path).map_err(unsupported)
}

fn unsupported(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => {
            Error::new(ErrorKind::Unsupported, "this needs Linux's /proc; the same demo runs in the lab everywhere")
        }
        _ => error,
    }
}

/// The number behind a name at the beginning of a line.
fn number(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_socket_more_is_a_descriptor_more() {
        let before = Usage::read().expect("Linux");
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback");
        let after = Usage::read().expect("Linux");
        assert!(after.descriptors > before.descriptors || after.descriptors > 3);
        assert!(after.resident > 0 && after.reserved >= after.resident && after.threads > 0);
        drop(socket);
        Sockets::read().expect("Linux");
    }
}
