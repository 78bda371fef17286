//! Timeouts that were chosen, as other programs read them: sysctl.conf, socket options in three languages, nginx, Envoy.
use std::fmt::Write as _;
use std::time::Duration;

use crate::net::KeepAlive;

/// What was chosen; what was not is left out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chosen {
    pub(super) connect: Option<Duration>,
    pub(super) request: Option<Duration>,
    pub(super) user_timeout: Option<Duration>,
    pub(super) keepalive: Option<KeepAlive>,
    pub(super) syn_retries: Option<u32>,
}

/// Whole seconds, at least one: what most of these files take.
fn seconds(duration: Duration) -> u128 {
    duration.as_millis().div_ceil(1000).max(1)
}

impl Chosen {
    /// A fragment of `/etc/sysctl.conf`: for every socket of the machine.
    pub(super) fn sysctl(&self) -> String {
        let mut out =
            "# for every socket of this machine; keepalive works only where a program turns SO_KEEPALIVE on\n"
                .to_owned();
        if let Some(KeepAlive { idle, interval, probes }) = self.keepalive {
            line(&mut out, format_args!("net.ipv4.tcp_keepalive_time = {}", seconds(idle)));
            line(&mut out, format_args!("net.ipv4.tcp_keepalive_intvl = {}", seconds(interval)));
            line(&mut out, format_args!("net.ipv4.tcp_keepalive_probes = {probes}"));
        } else {
            line(&mut out, format_args!("# keepalive is off in this run: 7200, 75 and 9 are what Linux ships with"));
        }
        if let Some(retries) = self.syn_retries {
            line(&mut out, format_args!("net.ipv4.tcp_syn_retries = {retries}"));
        }
        out
    }

    /// Socket options in C, Python and Go.
    pub(super) fn sockets(&self) -> String {
        [self.c(), self.python(), self.go()].join("\n")
    }

    /// Level, name and value, as `setsockopt` takes them in C and in Python.
    fn options(&self) -> Vec<(&'static str, &'static str, u128)> {
        let mut options = Vec::new();
        if let Some(KeepAlive { idle, interval, probes }) = self.keepalive {
            options.push(("SOL_SOCKET", "SO_KEEPALIVE", 1));
            options.push(("IPPROTO_TCP", "TCP_KEEPIDLE", seconds(idle)));
            options.push(("IPPROTO_TCP", "TCP_KEEPINTVL", seconds(interval)));
            options.push(("IPPROTO_TCP", "TCP_KEEPCNT", u128::from(probes)));
        }
        if let Some(timeout) = self.user_timeout {
            options.push(("IPPROTO_TCP", "TCP_USER_TIMEOUT", timeout.as_millis()));
        }
        options
    }

    fn c(&self) -> String {
        let mut out = "/* C: #include <netinet/tcp.h> <sys/socket.h>, Linux */\nint n;\n".to_owned();
        let mut set = |level: &str, name: &str, value: u128| {
            line(&mut out, format_args!("n = {value}; setsockopt(fd, {level}, {name}, &n, sizeof n);"));
        };
        for (level, name, value) in self.options() {
            set(level, name, value);
        }
        // Only before connect(): create_connection of Python has sent its SYN when it returns.
        if let Some(retries) = self.syn_retries {
            set("IPPROTO_TCP", "TCP_SYNCNT", u128::from(retries));
        }
        if let Some(connect) = self.connect {
            line(
                &mut out,
                format_args!("/* connect: O_NONBLOCK, connect(), then poll(POLLOUT, {}) */", connect.as_millis()),
            );
        }
        if let Some(request) = self.request {
            line(
                &mut out,
                format_args!(
                    "/* request: one deadline {} ms ahead for all its reads; SO_RCVTIMEO begins anew with each */",
                    request.as_millis()
                ),
            );
        }
        out
    }

    fn python(&self) -> String {
        let mut out = "# Python, Linux\nimport socket\n".to_owned();
        match self.connect {
            Some(connect) => {
                line(&mut out, format_args!("s = socket.create_connection((host, port), timeout={})", decimal(connect)))
            }
            None => line(&mut out, format_args!("s = socket.create_connection((host, port))")),
        }
        if let Some(request) = self.request {
            line(
                &mut out,
                format_args!(
                    "s.settimeout({})  # of each call, not of the request: keep a deadline yourself",
                    decimal(request)
                ),
            );
        }
        let mut set = |level: &str, name: &str, value: u128| {
            line(&mut out, format_args!("s.setsockopt(socket.{level}, socket.{name}, {value})"));
        };
        for (level, name, value) in self.options() {
            set(level, name, value);
        }
        out
    }

    fn go(&self) -> String {
        let mut out = "// Go 1.23 or later\nd := net.Dialer{\n".to_owned();
        if let Some(connect) = self.connect {
            line(&mut out, format_args!("\tTimeout: {} * time.Millisecond,", connect.as_millis()));
        }
        match self.keepalive {
            Some(KeepAlive { idle, interval, probes }) => line(
                &mut out,
                format_args!(
                    "\tKeepAliveConfig: net.KeepAliveConfig{{Enable: true, Idle: {} * time.Second, Interval: {} * time.Second, Count: {probes}}},",
                    seconds(idle),
                    seconds(interval)
                ),
            ),
            None => line(&mut out, format_args!("\tKeepAlive: -1, // off; without this line Go turns it on")),
        }
        out.push_str("}\nconn, err := d.DialContext(ctx, \"tcp\", address)\n");
        if let Some(request) = self.request {
            line(
                &mut out,
                format_args!("conn.SetDeadline(time.Now().Add({} * time.Millisecond))", request.as_millis()),
            );
        }
        if let Some(timeout) = self.user_timeout {
            line(
                &mut out,
                format_args!(
                    "// TCP_USER_TIMEOUT: unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, {}) in Dialer.Control",
                    timeout.as_millis()
                ),
            );
        }
        out
    }

    /// A block for nginx as a proxy.
    pub(super) fn nginx(&self) -> String {
        let mut out = "location / {\n    proxy_pass http://upstream;\n".to_owned();
        if let Some(connect) = self.connect {
            line(&mut out, format_args!("    proxy_connect_timeout {}ms;", connect.as_millis()));
        }
        if let Some(request) = self.request {
            line(
                &mut out,
                format_args!(
                    "    proxy_read_timeout {}ms;   # between two reads, not for the whole answer",
                    request.as_millis()
                ),
            );
            line(&mut out, format_args!("    proxy_send_timeout {}ms;", request.as_millis()));
        }
        if self.keepalive.is_some() {
            line(
                &mut out,
                format_args!("    proxy_socket_keepalive on;   # idle, interval and count are the system's (sysctl)"),
            );
        }
        out + "}\n"
    }

    /// A cluster and a route for Envoy.
    pub(super) fn envoy(&self) -> String {
        let mut out = "# cluster\n".to_owned();
        if let Some(connect) = self.connect {
            line(&mut out, format_args!("connect_timeout: {}s", decimal(connect)));
        }
        if let Some(KeepAlive { idle, interval, probes }) = self.keepalive {
            line(&mut out, format_args!("upstream_connection_options:\n  tcp_keepalive:"));
            line(
                &mut out,
                format_args!(
                    "    keepalive_time: {}\n    keepalive_interval: {}\n    keepalive_probes: {probes}",
                    seconds(idle),
                    seconds(interval)
                ),
            );
        }
        if let Some(request) = self.request {
            line(
                &mut out,
                format_args!(
                    "# route\nroute:\n  timeout: {}s   # the whole answer; 15 s where it is not set",
                    decimal(request)
                ),
            );
        }
        out
    }
}

/// Seconds with as many digits as needed: `1.5`.
fn decimal(duration: Duration) -> String {
    let millis = duration.as_millis();
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a String takes all text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_stands_in_the_unit_its_reader_wants() {
        let keepalive = KeepAlive { idle: Duration::from_secs(60), interval: Duration::from_secs(10), probes: 3 };
        let all = Chosen {
            connect: Some(Duration::from_millis(3200)),
            request: Some(Duration::from_millis(1500)),
            user_timeout: Some(Duration::from_secs(9)),
            keepalive: Some(keepalive),
            syn_retries: Some(2),
        };
        assert!(all.sysctl().contains("tcp_keepalive_time = 60\n"));
        assert!(all.sockets().contains("TCP_USER_TIMEOUT, 9000)"));
        assert!(all.sockets().contains("create_connection((host, port), timeout=3.2)"));
        assert!(all.c().contains("TCP_KEEPIDLE, &n") && all.python().contains("socket.TCP_KEEPIDLE, 60)"));
        assert!(all.nginx().contains("proxy_connect_timeout 3200ms;"));
        assert!(all.envoy().contains("connect_timeout: 3.2s") && all.envoy().contains("timeout: 1.5s"));
        assert!(!Chosen::default().sockets().contains("TCP_KEEPIDLE"));
    }
}
