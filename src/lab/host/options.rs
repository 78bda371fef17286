//! What can be turned on a host: buffers, ACK delay, congestion control, how patient it is.
use std::time::Duration;

/// How a sender finds its rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CongestionControl {
    /// Only the receiver's window limits the sender.
    #[default]
    None,
    /// Slow start, congestion avoidance, fast recovery (RFC 5681).
    Reno,
}

/// A host's settings. The default is a quiet modern host: 64 KiB buffers, no Nagle, delayed ACKs after 40 ms as Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostOptions {
    /// Bytes a socket holds for a program that has not read them: the window it offers.
    pub receive_buffer: usize,
    /// Bytes a socket takes from a program before they are acknowledged.
    pub send_buffer: usize,
    /// How long an ACK may wait for data to ride on; `None` sends each at once.
    pub ack_delay: Option<Duration>,
    /// Small writes wait for an ACK (RFC 9293 §3.7.4). Off means `TCP_NODELAY`.
    pub nagle: bool,
    pub congestion_control: CongestionControl,
    /// How long `connect` waits for an answer; Linux's 6 retries of the SYN take 127 s.
    pub connect_timeout: Duration,
    /// How long sent bytes may stay unacknowledged before the connection is given up; Linux's default is about 924 s.
    pub user_timeout: Duration,
    /// Connections that may wait for `accept`; a further SYN is dropped.
    pub backlog: usize,
    /// Whether socket calls are recorded.
    pub trace_calls: bool,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            receive_buffer: 65_535,
            send_buffer: 65_535,
            ack_delay: Some(Duration::from_millis(40)),
            nagle: false,
            congestion_control: CongestionControl::None,
            connect_timeout: Duration::from_secs(127),
            user_timeout: Duration::from_millis(924_600),
            backlog: 128,
            trace_calls: true,
        }
    }
}
