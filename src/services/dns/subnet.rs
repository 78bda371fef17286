//! The client's subnet in a message (ECS, RFC 7871): as much of a client's address as its resolver tells, so that the
//! answer can fit its place.
use std::fmt;
use std::net::IpAddr;

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};

use crate::wire::network::{self, Network};

/// The leading bits of an address; the rest is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet(Network);

/// How many bits of a client's address a resolver tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub v4: u8,
    pub v6: u8,
}

impl Default for Told {
    /// RFC 7871 §11.1: no more than 24 bits of an IPv4 address, 56 of an IPv6 one.
    fn default() -> Self {
        Self { v4: 24, v6: 56 }
    }
}

impl Told {
    /// What is told of a client at this address.
    #[must_use]
    pub fn of(self, client: IpAddr) -> Subnet {
        Subnet::new(client, if client.is_ipv4() { self.v4 } else { self.v6 })
    }
}

impl Subnet {
    /// The first bits of an address: at most all 32 or 128 it has.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u8) -> Self {
        Self(Network { address, prefix: prefix.min(network::width(address)) }.network())
    }

    /// Its address, the host's bits 0.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.0.address
    }

    /// The length of its prefix in bits.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.0.prefix
    }

    /// The larger subnet that has only these bits, or itself.
    #[must_use]
    pub fn widened(self, prefix: u8) -> Self {
        Self::new(self.address(), prefix.min(self.prefix()))
    }

    /// Whether all of the other is in this one.
    #[must_use]
    pub fn holds(self, other: Self) -> bool {
        other.prefix() >= self.prefix() && self.0.contains(other.address())
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a message says of a client's subnet.
#[must_use]
pub fn said(message: &Message) -> Option<&ClientSubnet> {
    match message.edns.as_ref()?.option(EdnsCode::Subnet)? {
        EdnsOption::Subnet(said) => Some(said),
        _ => None,
    }
}

/// The subnet that a query tells; `None` where it tells none, or is not of the form that RFC 7871 §6 demands.
#[must_use]
pub fn told(query: &Message) -> Option<Subnet> {
    let said = said(query).filter(|it| is_well_formed(it))?;
    Some(Subnet::new(said.addr(), said.source_prefix()))
}

/// RFC 7871 §6: in a query the scope is 0, and no bit beyond the source prefix is set.
pub(super) fn is_well_formed(said: &ClientSubnet) -> bool {
    let exact = Subnet::new(said.addr(), said.source_prefix());
    said.scope_prefix() == 0 && said.source_prefix() == exact.prefix() && said.addr() == exact.address()
}

/// Puts the client's subnet into a query that has EDNS.
pub(in crate::services) fn tell(query: &mut Message, subnet: Subnet) {
    put(query, ClientSubnet::new(subnet.address(), subnet.prefix(), 0));
}

/// RFC 7871 §7.2.1: who understands the option and was sent it puts it into the answer, with how many bits the answer
/// depends on: 0 when it is for everybody.
pub fn answer(reply: &mut Message, query: &Message, scope: u8) {
    if let Some(said) = said(query) {
        put(reply, ClientSubnet::new(said.addr(), said.source_prefix(), scope));
    }
}

fn put(message: &mut Message, subnet: ClientSubnet) {
    if let Some(edns) = &mut message.edns {
        edns.options_mut().remove(EdnsCode::Subnet);
        edns.options_mut().insert(EdnsOption::Subnet(subnet));
    }
}

/// RFC 7871 §7.3: whose answer this is. `None` when it is for everybody; an error when it is an answer about another
/// subnet than the query told.
pub(super) fn scope(query: &Message, reply: &Message) -> Result<Option<Subnet>, String> {
    let Some(theirs) = said(reply) else { return Ok(None) };
    let Some(ours) = said(query) else { return Ok(None) };
    let same = theirs.addr() == ours.addr() && theirs.source_prefix() == ours.source_prefix();
    if !same {
        let [theirs, ours] = [theirs, ours].map(|it| format!("{}/{}", it.addr(), it.source_prefix()));
        return Err(format!("it answers about the client subnet {theirs}: {ours} was sent"));
    }
    let subnet = Subnet::new(ours.addr(), ours.source_prefix());
    Ok((theirs.scope_prefix() > 0).then(|| subnet.widened(theirs.scope_prefix())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str, prefix: u8) -> Subnet {
        Subnet::new(text.parse().expect("an address"), prefix)
    }

    #[test]
    fn a_subnet_keeps_its_first_bits_and_no_others() {
        assert_eq!(subnet("192.0.2.77", 24).to_string(), "192.0.2.0/24");
        assert_eq!(subnet("192.0.2.77", 30).to_string(), "192.0.2.76/30");
        assert_eq!(subnet("192.0.2.77", 0).to_string(), "0.0.0.0/0");
        assert_eq!(subnet("192.0.2.77", 77).to_string(), "192.0.2.77/32");
        assert_eq!(subnet("2001:db8:1:2ff::1", 56).to_string(), "2001:db8:1:200::/56");
        assert_eq!(subnet("2001:db8::1", 128).to_string(), "2001:db8::1/128");
        assert_eq!(subnet("2001:db8::1", 0).to_string(), "::/0");
    }

    #[test]
    fn a_subnet_holds_what_begins_with_its_bits() {
        let wide = subnet("198.18.16.0", 20);
        assert!(wide.holds(subnet("198.18.17.9", 24)) && wide.holds(wide));
        assert!(!wide.holds(subnet("198.18.32.0", 24)) && !wide.holds(subnet("198.18.16.0", 16)));
        assert!(!subnet("0.0.0.0", 0).holds(subnet("::", 0)));
    }

    #[test]
    fn a_resolver_tells_24_bits_of_one_family_and_56_of_the_other() {
        let told = |text: &str| Told::default().of(text.parse().expect("an address")).to_string();
        assert_eq!([told("192.0.2.77"), told("2001:db8:1:2ff::1")], ["192.0.2.0/24", "2001:db8:1:200::/56"]);
    }
}
