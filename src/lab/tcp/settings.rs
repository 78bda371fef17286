//! What can be turned on a host's TCP, as Linux's sysctls and socket options do; the defaults are a current Linux host's.
use std::time::Duration;

/// How a sender finds its rate (`net.ipv4.tcp_congestion_control`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Congestion {
    /// RFC 9438, the default of Linux, Windows and macOS.
    #[default]
    Cubic,
    /// RFC 5681 with RFC 6582.
    NewReno,
    /// A model of the path instead of its losses; paced.
    Bbr,
}

/// How a loss is recognised where both ends speak SACK (`tcp_recovery`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LossDetection {
    /// RFC 8985, RACK-TLP: by the time that has passed since what was sent later has arrived, with a probe for a lost
    /// tail. Linux's default.
    #[default]
    Rack,
    /// RFC 6675, as RFC 5681 before it: three segments above it have arrived.
    DuplicateAcks,
}

/// Explicit congestion notification (RFC 3168; `net.ipv4.tcp_ecn`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ecn {
    Off,
    /// Agrees when the peer asks: Linux's default.
    #[default]
    Passive,
    /// Asks in its SYN, and agrees.
    Active,
}

/// When a listener answers with a cookie instead of remembering the SYN (RFC 4987 §3.6; `net.ipv4.tcp_syncookies`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SynCookies {
    Never,
    /// When the SYN queue is full: Linux's default.
    #[default]
    WhenFull,
    Always,
}

/// Probes on an idle connection (RFC 9293 §3.8.4; `SO_KEEPALIVE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Silence before the first probe.
    pub idle: Duration,
    /// From one unanswered probe to the next.
    pub interval: Duration,
    /// Unanswered probes until the connection is given up.
    pub probes: u32,
}

impl Default for KeepAlive {
    /// Linux's sysctls: 7200 s, 75 s, 9 probes: 7875 s until a dead peer is known.
    fn default() -> Self {
        Self { idle: Duration::from_secs(7200), interval: Duration::from_secs(75), probes: 9 }
    }
}

/// What one program asks for on its socket; `None` leaves it as the host has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SocketOptions {
    /// `SO_RCVBUF`, bytes, before the connection is opened: the window scale depends on it.
    pub receive_buffer: Option<usize>,
    /// `SO_SNDBUF`, bytes.
    pub send_buffer: Option<usize>,
    /// `TCP_NODELAY`: true turns Nagle's algorithm off.
    pub nodelay: Option<bool>,
    /// `SO_KEEPALIVE` with `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT`.
    pub keepalive: Option<KeepAlive>,
    /// `TCP_USER_TIMEOUT` (RFC 5482).
    pub user_timeout: Option<Duration>,
    /// `TCP_CONGESTION`.
    pub congestion: Option<Congestion>,
    /// The second argument of `listen(2)`: connections that may wait for `accept`.
    pub backlog: Option<usize>,
}

/// A host's TCP. Sysctl names are Linux's, below `net.ipv4` where not said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpSettings {
    pub congestion: Congestion,
    /// HyStart++ (RFC 9406) ends slow start before the queue overflows.
    pub hystart: bool,
    /// Segments in the first flight (RFC 6928).
    pub initial_window: u32,
    /// The window shrinks while a connection is idle (`tcp_slow_start_after_idle`, RFC 5681 §4.1).
    pub slow_start_after_idle: bool,
    /// How long an ACK may wait for data to ride on; `None` sends each at once.
    pub ack_delay: Option<Duration>,
    /// ACKs sent at once while a connection is young (`TCP_MAX_QUICKACKS`, fixed at 16 in Linux), until the program answers.
    pub quick_acks: u32,
    /// Small writes wait for an ACK (RFC 9293 §3.7.4, with Minshall's amendment). Off is what `TCP_NODELAY` does.
    pub nagle: bool,
    /// `tcp_window_scaling`, `tcp_timestamps` (RFC 7323), `tcp_sack` (RFC 2018).
    pub window_scaling: bool,
    pub timestamps: bool,
    pub sack: bool,
    pub loss_detection: LossDetection,
    pub ecn: Ecn,
    /// The floor of the retransmission timeout: Linux 200 ms; RFC 6298 §2.4 says 1 s.
    pub min_rto: Duration,
    /// How often an unanswered SYN is sent again, each wait twice as long as the one before (`tcp_syn_retries`): 6 make
    /// 127 s, and 131 s with the four that come first.
    pub syn_retries: u32,
    /// Retransmissions of a SYN that come first, a second apart (`tcp_syn_linear_timeouts`, since Linux 6.5).
    pub syn_linear_timeouts: u32,
    /// The same for a SYN-ACK (`tcp_synack_retries`).
    pub synack_retries: u32,
    /// How long sent bytes may stay unacknowledged until the connection is given up; Linux's 15 retries take about 924 s.
    pub user_timeout: Duration,
    /// Off unless a program asks, as in every system (RFC 9293 MUST-25).
    pub keepalive: Option<KeepAlive>,
    /// Twice the time a segment may live; Linux: 60 s, fixed.
    pub time_wait: Duration,
    /// A new connection may take over a port in TIME-WAIT when timestamps prove it newer (`tcp_tw_reuse`, RFC 6191).
    pub time_wait_reuse: bool,
    /// Connections that may wait for `accept` where the program does not say (`net.core.somaxconn`).
    pub backlog: usize,
    /// Half-open connections a listener remembers, if that is less than its backlog. A limit of the lab's own, so that each
    /// queue can be filled alone: on Linux the backlog bounds both, and `tcp_max_syn_backlog` counts only without cookies,
    /// its last quarter being kept for peers that are known (`tcp_conn_request`).
    pub syn_backlog: usize,
    pub syn_cookies: SynCookies,
    /// A full accept queue resets the client instead of dropping its ACK (`tcp_abort_on_overflow`).
    pub abort_on_overflow: bool,
    /// First and last port for outgoing connections (`ip_local_port_range`).
    pub ephemeral_ports: (u16, u16),
    /// DF is set, and ICMP "fragmentation needed" lowers the segment size (RFC 1191; `ip_no_pmtu_disc` off).
    pub path_mtu_discovery: bool,
    /// After three timeouts in a row segments become small enough for nearly any path, without any ICMP: what RFC 4821 §7.7
    /// does about a black hole (`tcp_mtu_probing` 1, `tcp_base_mss` 1024). Ten minutes later the first link's size is tried
    /// again at once, not searched for step by step (RFC 4821 §7.3).
    pub mtu_probing: bool,
}

impl TcpSettings {
    /// What a current Linux host does without any tuning, but with `TCP_NODELAY`, as most of its programs set it.
    pub const LINUX: Self = Self {
        congestion: Congestion::Cubic,
        hystart: false,
        initial_window: 10,
        slow_start_after_idle: true,
        ack_delay: Some(Duration::from_millis(40)),
        quick_acks: 16,
        nagle: false,
        window_scaling: true,
        timestamps: true,
        sack: true,
        loss_detection: LossDetection::Rack,
        ecn: Ecn::Passive,
        min_rto: Duration::from_millis(200),
        syn_retries: 6,
        syn_linear_timeouts: 4,
        synack_retries: 5,
        user_timeout: Duration::from_millis(924_600),
        keepalive: None,
        time_wait: Duration::from_secs(60),
        time_wait_reuse: false,
        backlog: 4096,
        syn_backlog: usize::MAX,
        syn_cookies: SynCookies::WhenFull,
        abort_on_overflow: false,
        ephemeral_ports: (32_768, 60_999),
        path_mtu_discovery: true,
        mtu_probing: false,
    };
}

impl Default for TcpSettings {
    fn default() -> Self {
        Self::LINUX
    }
}
