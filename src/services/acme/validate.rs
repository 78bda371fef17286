//! The authority's side of a challenge: it looks where only the holder of the name can put something.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::CAA;
use ring::digest::{SHA256, digest};

use super::ChallengeKind;
use super::caa::{self, Asking};
use super::jws::{base64, hashed};
use super::problem::Problem;
use crate::net::Net;
use crate::services::dns::{self, RecordType};
use crate::services::http;
use crate::services::tls::{Ground, shown_by};
use crate::services::within;
use crate::services::x509::{AltName, Certificate};
use crate::wire::text::visible_start;

/// The protocol of a validation by TLS (RFC 8737 §6.2).
pub const ACME_TLS: &[u8] = b"acme-tls/1";
/// A validation that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where an authority looks.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) resolver: SocketAddr,
    pub(super) http_port: u16,
    pub(super) tls_port: u16,
    /// What it is known by to those who may issue (RFC 8659 §4.2).
    pub(super) issuer: String,
    /// The URL of the account that asks.
    pub(super) account: String,
}

impl Look {
    /// Checks a challenge for a name, or for all names below it. `id` numbers the queries.
    pub(super) async fn at<N: Net>(
        &self,
        (net, ground): (&N, &Ground),
        kind: ChallengeKind,
        ((name, wildcard), token, authorisation): ((&str, bool), &str, &str),
        id: u16,
    ) -> Result<(), Problem> {
        let look = async {
            self.may_issue(net, (name, wildcard), kind, id).await?;
            match kind {
                ChallengeKind::Http => self.http(net, name, token, authorisation, id).await,
                ChallengeKind::Dns => self.dns(net, name, authorisation, id).await,
                ChallengeKind::TlsAlpn => self.tls(net, ground, name, authorisation, id).await,
            }
        };
        within(net, PATIENCE, look).await.unwrap_or_else(|| Err(Problem::new(400, "connection", "no answer in time")))
    }

    /// RFC 8659 §3: the closest name that has CAA records, of whatever kind, says who may issue; where none has, everybody may.
    async fn may_issue<N: Net>(
        &self,
        net: &N,
        (name, wildcard): (&str, bool),
        kind: ChallengeKind,
        id: u16,
    ) -> Result<(), Problem> {
        let asking = Asking { issuer: &self.issuer, account: &self.account, method: kind.name(), wildcard };
        let mut name = dns::name(name).map_err(|it| Problem::malformed(it.to_string()))?;
        while !name.is_root() {
            let reply = dns::ask(net, self.resolver, dns::query(&name, RecordType::CAA, id)).await;
            let reply = reply.map_err(|it| dns_problem(&format!("CAA of {name}"), &it.to_string()))?;
            // RFC 8659 §3: what cannot be looked up does not allow anything.
            if ![ResponseCode::NoError, ResponseCode::NXDomain].contains(&reply.metadata.response_code) {
                return Err(dns_problem(&format!("CAA of {name}"), &reply.metadata.response_code.to_string()));
            }
            let records: Vec<&CAA> = reply.answers.iter().filter_map(|it| caa_of(&it.data)).collect();
            if !records.is_empty() {
                let refused = |why| Problem::new(403, "caa", format!("the CAA records of {name} {why}"));
                return caa::allows(&records, &asking).map_err(refused);
            }
            name = name.base_name();
        }
        Ok(())
    }

    async fn address<N: Net>(&self, net: &N, name: &str, id: u16) -> Result<Ipv4Addr, Problem> {
        let found = dns::resolve(net, self.resolver, name, id).await;
        let found = found.map_err(|it| dns_problem(&format!("A of {name}"), &it.to_string()))?;
        found.first().copied().ok_or_else(|| dns_problem(&format!("A of {name}"), "no address"))
    }

    /// RFC 8555 §8.3
    async fn http<N: Net>(&self, net: &N, name: &str, token: &str, wanted: &str, id: u16) -> Result<(), Problem> {
        let address = self.address(net, name, id).await?;
        let at = SocketAddr::new(IpAddr::V4(address), self.http_port);
        let path = format!("/.well-known/acme-challenge/{token}");
        let answer = http::get(net, at, name, &path).await;
        let answer = answer.map_err(|it| Problem::new(400, "connection", format!("{at}: {it}")))?;
        if answer.status != 200 {
            return Err(Problem::unauthorized(format!("{at} answers {} for {path}", answer.status.as_u16())));
        }
        // RFC 8555 §8.3: white space at the end does not count.
        if answer.body.trim_ascii_end() == wanted.as_bytes() {
            Ok(())
        } else {
            let found = visible_start(String::from_utf8_lossy(&answer.body).into_owned(), 60);
            Err(Problem::unauthorized(format!("the file at {at} says `{found}`, not the key authorisation")))
        }
    }

    /// RFC 8555 §8.4
    async fn dns<N: Net>(&self, net: &N, name: &str, wanted: &str, id: u16) -> Result<(), Problem> {
        let at = dns::name(&format!("_acme-challenge.{name}")).map_err(|it| Problem::malformed(it.to_string()))?;
        let reply = dns::ask(net, self.resolver, dns::query(&at, RecordType::TXT, id)).await;
        let reply = reply.map_err(|it| dns_problem(&format!("TXT of {at}"), &it.to_string()))?;
        let texts: Vec<String> = reply.answers.iter().filter_map(|it| text(&it.data)).collect();
        if texts.contains(&hashed(wanted)) {
            return Ok(());
        }
        let found =
            if texts.is_empty() { "there is no TXT record".to_owned() } else { "it says something else".to_owned() };
        Err(Problem::unauthorized(format!("TXT of {at}: {found}")))
    }

    /// RFC 8737 §3
    async fn tls<N: Net>(&self, net: &N, ground: &Ground, name: &str, wanted: &str, id: u16) -> Result<(), Problem> {
        let address = self.address(net, name, id).await?;
        let at = SocketAddr::new(IpAddr::V4(address), self.tls_port);
        let failed = |why: String| Problem::new(400, "connection", format!("{at}: {why}"));
        let stream = net.connect(at).await.map_err(|it| failed(it.to_string()))?;
        let (shown, protocol) =
            shown_by(ground, net, stream, (name, ACME_TLS)).await.map_err(|it| failed(it.to_string()))?;
        let own = shown.first().and_then(|it| Certificate::read(it).ok());
        let own = own.ok_or_else(|| failed("it shows no certificate".to_owned()))?;
        let digest = digest(&SHA256, wanted.as_bytes());
        let names = own.names.as_slice() == [AltName::Dns(name.to_owned())];
        if protocol != ACME_TLS {
            Err(Problem::unauthorized(format!("{at} does not speak acme-tls/1")))
        } else if names && own.acme_identifier.as_deref() == Some(digest.as_ref()) {
            Ok(())
        } else {
            Err(Problem::unauthorized(format!("the certificate of {at} is not the one of this challenge")))
        }
    }
}

fn dns_problem(what: &str, why: &str) -> Problem {
    Problem::new(400, "dns", format!("{what}: {why}"))
}

const fn caa_of(data: &RData) -> Option<&CAA> {
    if let RData::CAA(caa) = data { Some(caa) } else { None }
}

fn text(data: &RData) -> Option<String> {
    let RData::TXT(text) = data else { return None };
    Some(text.txt_data.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect())
}

/// A key authorisation (RFC 8555 §8.1).
pub(super) fn key_authorisation(token: &str, thumbprint: &str) -> String {
    format!("{token}.{thumbprint}")
}

/// A token of a challenge.
pub(super) fn token(bytes: &[u8; 16]) -> String {
    base64(bytes)
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::Name;

    use super::*;
    use crate::lab::{Lab, LinkOptions};
    use crate::services::dns::Zone;

    #[test]
    fn the_closest_name_with_caa_records_counts_whatever_they_say() {
        let mut lab = Lab::new(1, &[]);
        let ca = lab.host("ca").address("10.0.0.1/24").add();
        let dns = lab.host("dns").address("10.0.0.2/24").add();
        lab.link(ca, dns, LinkOptions::default());
        lab.introduce_everybody();
        let (net, host) = (lab.net(ca), lab.net(dns));
        let resolver = SocketAddr::from(([10, 0, 0, 2], 53));
        let zone = "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 10.0.0.2\n@ CAA 0 issue \"other.example\"\n\
            shop CAA 0 iodef \"mailto:x@shop.example\"\nwww.shop A 10.0.0.2\nwww A 10.0.0.2\n\
            wild CAA 0 issue \"ca.example\"\nwild CAA 0 issuewild \";\"\n\
            mine CAA 0 issue \"ca.example\\; validationmethods=dns-01\"\n";
        let zone = Zone::read("zone", zone, &Name::from_ascii("example.").expect("a name")).expect("a zone");
        let look =
            Look { resolver, http_port: 80, tls_port: 443, issuer: "ca.example".to_owned(), account: String::new() };
        let outcomes = lab.run(async {
            dns::serve(&host, resolver, dns::Authority::new(vec![zone])).await.expect("the port is free");
            let mut all = Vec::new();
            for (id, asked) in (1..).zip([
                ("www.example", false),
                ("www.shop.example", false),
                ("wild.example", false),
                ("wild.example", true),
                ("mine.example", false),
            ]) {
                all.push(look.may_issue(&net, asked, ChallengeKind::Http, id).await.map_err(|it| it.detail));
            }
            all
        });
        assert_eq!(
            outcomes.expect("it ends"),
            [
                Err("the CAA records of example. name other.example, not ca.example".to_owned()),
                Ok(()),
                Ok(()),
                Err("the CAA records of wild.example. name nobody, not ca.example".to_owned()),
                Err("the CAA records of mine.example. name ca.example, but not for proofs by http-01 (validationmethods)"
                    .to_owned()),
            ]
        );
    }
}
