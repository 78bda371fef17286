//! What a port number says by itself.

/// The service usually found at a port, or the range it belongs to. IANA Service Name and Port Number Registry; RFC 6335 §6.
pub(super) const fn meaning(port: u16) -> &'static str {
    match port {
        7 => "echo",
        9 => "discard",
        13 => "daytime",
        20 => "ftp-data",
        21 => "ftp",
        22 => "ssh",
        23 => "telnet",
        25 => "smtp",
        53 => "domain (DNS)",
        67 => "bootps (DHCP server)",
        68 => "bootpc (DHCP client)",
        80 => "http",
        110 => "pop3",
        123 => "ntp",
        143 => "imap",
        179 => "bgp",
        443 => "https",
        546 => "dhcpv6-client",
        547 => "dhcpv6-server",
        853 => "domain-s (DNS over TLS)",
        0..=1023 => "system port: well-known services",
        3306 => "mysql",
        3478 => "stun",
        5353 => "mdns",
        5432 => "postgresql",
        6379 => "redis",
        8080 => "http-alt",
        1024..=49151 => "user port: of a registered service, or chosen by a client",
        _ => "dynamic port: chosen for one conversation",
    }
}
