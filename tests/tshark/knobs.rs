//! Runs whose knobs put other packets on the wire than the defaults do: tshark reads those as we do, too.

/// A demo, and its settings.
type Set = (&'static str, &'static [(&'static str, &'static str)]);

/// One line for each kind of packet.
pub(crate) const SETS: &[Set] = &[
    ("dns-trace", &[("dnssec", "validated")]),
    ("dns-trace", &[("dnssec", "validated"), ("name", "nobody.shop.example")]),
    ("dns-trace", &[("dnssec", "validated"), ("name", "nobody.cdn.test")]),
    ("dns-trace", &[("dnssec", "expired")]),
    ("dns-trace", &[("transport", "tcp"), ("dnssec", "validated")]),
    ("dns-trace", &[("minimise", "on")]),
    ("dns-trace", &[("type", "HTTPS")]),
    ("dns-trace", &[("type", "AAAA"), ("name", "static.shop.example")]),
    ("dns-trace", &[("type", "MX"), ("name", "shop.example")]),
    ("dns-trace", &[("type", "SOA"), ("name", "shop.example")]),
    ("dns-trace", &[("type", "CAA"), ("name", "shop.example")]),
    ("dns-trace", &[("type", "SRV"), ("name", "_sip._tcp.shop.example")]),
    ("dns-trace", &[("type", "TXT"), ("name", "big.shop.example")]),
    ("dns-trace", &[("check", "on"), ("secondary", "outdated")]),
    ("dns-balance", &[("ecs", "on"), ("method", "geo"), ("resolver", "public"), ("ttl", "10s"), ("every", "20s")]),
    ("nat", &[("kind", "symmetric"), ("cgnat", "on")]),
    ("nat", &[("hairpinning", "on"), ("forward", "on")]),
    ("dhcp", &[("case", "moved")]),
    ("dhcp", &[("case", "pool-empty")]),
    ("dhcp", &[("case", "rogue")]),
    ("dhcp", &[("case", "address-taken"), ("check", "on")]),
    ("dhcp", &[("case", "server-dies")]),
    ("pmtu", &[("cure", "icmp")]),
    ("pmtu", &[("cure", "clamping")]),
    ("arp-ndp", &[("change", "moves")]),
    ("arp-ndp", &[("change", "duplicate")]),
    ("slaac", &[("identifier", "stable"), ("then", "renumbering")]),
    ("slaac", &[("then", "router-leaves"), ("neighbour", "taken")]),
    ("traceroute", &[("probe", "icmp"), ("silent", "r3")]),
    ("routing", &[("change", "loop")]),
    ("firewall", &[("otherwise", "reject")]),
];
