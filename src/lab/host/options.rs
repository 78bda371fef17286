//! What can be turned on a host: its buffers, its TCP, and what is recorded about it.
use crate::lab::tcp::TcpSettings;

/// A host's settings. The default is a quiet modern host: 64 KiB buffers, no Nagle, TCP as on Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostOptions {
    /// Bytes a socket holds for a program that has not read them: the window it offers.
    pub receive_buffer: usize,
    /// Bytes a socket takes from a program before they are acknowledged.
    pub send_buffer: usize,
    pub tcp: TcpSettings,
    /// Whether it obeys routers that name a nearer first hop (Linux: `accept_redirects`). Nobody signs what they say.
    pub accept_redirects: bool,
    /// Whether socket calls are recorded.
    pub trace_calls: bool,
    /// Whether each connection's congestion window, threshold, round-trip time, timeout, bytes in flight and queues are
    /// recorded as curves.
    pub trace_tcp: bool,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            receive_buffer: 65_535,
            send_buffer: 65_535,
            tcp: TcpSettings::default(),
            accept_redirects: true,
            trace_calls: true,
            trace_tcp: false,
        }
    }
}
