//! The lab's name servers: which zones each of them serves, and where it stands. The zones are files in `assets/zones`.
use std::net::Ipv4Addr;

use hickory_proto::rr::Name;

use super::resolver::Hints;
use super::zone::Zone;

/// A zone's file: its name, its text.
type File = (&'static str, &'static str);

macro_rules! zone {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../assets/zones/", $name)))
    };
}

const ROOT: File = zone!("root.zone");
const EXAMPLE: File = zone!("example.zone");
const TEST: File = zone!("test.zone");
const SHOP: File = zone!("shop.example.zone");
const HALF: File = zone!("half.example.zone");
const CDN: File = zone!("cdn.test.zone");
const DNS_HOST: File = zone!("dns-host.test.zone");
const BLOG: File = zone!("blog.example.zone");
const EXPIRED: File = zone!("expired.example.zone");
const MISMATCH: File = zone!("mismatch.example.zone");
const BARE: File = zone!("bare.example.zone");

/// What a company serves for others, and its own zone.
const HOSTED: [File; 5] = [DNS_HOST, BLOG, EXPIRED, MISMATCH, BARE];

/// How far a server is from the resolver, in a word that knobs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Root,
    Tld,
    Domain,
}

/// A name server of the lab.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// The host's name: short, for lifelines.
    pub host: &'static str,
    /// The name its NS records have.
    pub name: &'static str,
    pub address: Ipv4Addr,
    pub level: Level,
    /// Where it is: its round trip is this many times the nearest one's.
    pub times: u32,
    zones: &'static [File],
}

const fn site(host: &'static str, name: &'static str, address: [u8; 4], level: Level, zones: &'static [File]) -> Site {
    let [a, b, c, d] = address;
    Site { host, name, address: Ipv4Addr::new(a, b, c, d), level, times: 1, zones }
}

/// The same farther away.
const fn far(mut it: Site, times: u32) -> Site {
    it.times = times;
    it
}

/// Every name server of the lab.
pub const SITES: [Site; 9] = [
    site("root-a", "a.root-servers", [198, 51, 100, 1], Level::Root, &[ROOT]),
    far(site("root-b", "b.root-servers", [198, 51, 100, 9], Level::Root, &[ROOT]), 4),
    site("tld-example", "ns1.nic.example", [198, 51, 100, 17], Level::Tld, &[EXAMPLE]),
    far(site("tld-example2", "ns2.nic.example", [198, 51, 100, 25], Level::Tld, &[EXAMPLE]), 2),
    site("tld-test", "ns1.nic.test", [198, 51, 100, 33], Level::Tld, &[TEST]),
    site("ns1-shop", "ns1.shop.example", [203, 0, 113, 1], Level::Domain, &[SHOP]),
    far(site("ns2-shop", "ns2.shop.example", [203, 0, 113, 9], Level::Domain, &[SHOP, HALF]), 2),
    site("ns1-cdn", "ns1.cdn.test", [203, 0, 113, 17], Level::Domain, &[CDN]),
    site("ns1-dns-host", "ns1.dns-host.test", [203, 0, 113, 25], Level::Domain, &HOSTED),
];

impl Site {
    /// Its zones, read from their files.
    ///
    /// # Panics
    /// When a file that ships is no zone: a test reads them all.
    #[must_use]
    pub fn zones(&self) -> Vec<Zone> {
        let read = |(file, text): &File| {
            Zone::read(file, text, &Name::root())
                .unwrap_or_else(|error| panic!("a zone that ships is read by a test: {error}"))
        };
        self.zones.iter().map(read).collect()
    }
}

/// Where the servers of the lab's root are.
#[must_use]
pub fn hints() -> Hints {
    let roots = SITES.iter().filter(|it| it.level == Level::Root);
    roots.map(|it| (super::name(it.name).expect("a name of this file"), vec![it.address.into()])).collect()
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::RData;

    use super::*;
    use crate::services::dns::resolver::address;

    #[test]
    fn every_zone_that_ships_is_read() {
        let zones: usize = SITES.iter().map(|it| it.zones().len()).sum();
        assert_eq!(zones, 14);
    }

    #[test]
    fn every_address_is_for_documentation_and_every_server_has_the_one_its_zones_say() {
        for site in &SITES {
            let name = crate::services::dns::name(site.name).expect("a name");
            for record in site.zones().iter().flat_map(Zone::all) {
                let Some(address) = address(record) else { continue };
                let documentation = match address {
                    std::net::IpAddr::V4(it) => [[192, 0, 2], [198, 51, 100], [203, 0, 113]].contains(&[
                        it.octets()[0],
                        it.octets()[1],
                        it.octets()[2],
                    ]),
                    std::net::IpAddr::V6(it) => it.segments()[..2] == [0x2001, 0xdb8],
                };
                assert!(documentation, "{record:?}");
                if record.name == name && matches!(record.data, RData::A(_)) {
                    assert_eq!(address, std::net::IpAddr::V4(site.address), "{}", site.name);
                }
            }
        }
    }
}
