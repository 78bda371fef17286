//! Names that this host knows itself, before any resolver is asked: those of its hosts file, and `localhost`.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_proto::op::Query;
use hickory_proto::rr::{Name, RecordType};
use hickory_resolver::Hosts;

/// The names of a hosts file.
#[derive(Debug, Default)]
pub struct Known(Hosts);

impl Known {
    /// The names of this host's own file; on most systems /etc/hosts. Where there is none, none.
    #[must_use]
    pub fn by_system() -> Self {
        Self(Hosts::from_system().unwrap_or_default())
    }

    /// The addresses of a name, where this host knows it: those of the file, else of `localhost`, and of what ends in it, its own
    /// (RFC 6761 §6.3).
    #[must_use]
    pub fn addresses(&self, name: &Name) -> Option<Vec<IpAddr>> {
        let name = name.to_lowercase();
        let listed = [RecordType::AAAA, RecordType::A].into_iter().filter_map(|kind| {
            let found = self.0.lookup_static_host(&Query::query(name.clone(), kind))?;
            Some(found.answers().iter().filter_map(|it| it.data.ip_addr()).collect::<Vec<_>>())
        });
        let listed = listed.flatten().collect::<Vec<_>>();
        match listed.is_empty() {
            false => Some(listed),
            true => is_own(&name).then(|| vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]),
        }
    }
}

/// Whether it is `localhost`, or below it.
fn is_own(name: &Name) -> bool {
    name.iter().next_back() == Some(b"localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::dns::name;

    #[test]
    fn the_file_comes_first_then_localhost_and_the_rest_is_for_a_resolver() {
        let mut hosts = Hosts::default();
        let file = "192.0.2.7 shop.test Www.Shop.test # a comment\n2001:db8::7 shop.test\n127.0.1.1 me.localhost\n";
        hosts.read_hosts_conf(file.as_bytes()).expect("a hosts file");
        let known = Known(hosts);
        let of = |text: &str| {
            let found = known.addresses(&name(text).expect("a name"));
            found.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(of("SHOP.test").as_deref(), Some("2001:db8::7 192.0.2.7"));
        assert_eq!(of("www.shop.test.").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("me.localhost").as_deref(), Some("127.0.1.1"), "the file knows better");
        assert_eq!(of("localhost").as_deref(), Some("::1 127.0.0.1"));
        assert_eq!(of("a.b.localhost").as_deref(), Some("::1 127.0.0.1"));
        assert_eq!((of("localhost.example"), of("example.org")), (None, None));
    }
}
