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
use crate::services::tls::{self, Ground, shown_by};
use crate::services::visit::Page;
use crate::services::within;
use crate::services::x509::{AltName, Certificate};
use crate::wire::text::visible_start;

/// The protocol of a validation by TLS (RFC 8737 §6.2).
pub const ACME_TLS: &[u8] = b"acme-tls/1";
/// Of a file that is somewhere else; Let's Encrypt follows as many ("Challenge Types", HTTP-01).
const MOST_REDIRECTS: usize = 10;
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
                ChallengeKind::Http => self.http((net, ground), name, token, authorisation, id).await,
                ChallengeKind::Dns => self.dns(net, name, authorisation, id).await,
                ChallengeKind::TlsAlpn => self.tls(net, ground, name, authorisation, id).await,
            }
        };
        within(net, PATIENCE, look).await.unwrap_or_else(|| Err(Problem::new(400, "connection", "no answer in time")))
    }

    /// Looks again whether the CAA records of a name let this authority issue.
    pub(super) async fn again<N: Net>(
        &self,
        net: &N,
        name: (&str, bool),
        kind: ChallengeKind,
        id: u16,
    ) -> Result<(), Problem> {
        let look = self.may_issue(net, name, kind, id);
        within(net, PATIENCE, look).await.unwrap_or_else(|| Err(dns_problem("CAA", "no answer in time")))
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

    /// RFC 8555 §8.3: redirects are followed.
    async fn http<N: Net>(
        &self,
        (net, ground): (&N, &Ground),
        name: &str,
        token: &str,
        wanted: &str,
        id: u16,
    ) -> Result<(), Problem> {
        let path = format!("/.well-known/acme-challenge/{token}");
        let mut page = Page { secure: false, host: name.to_owned(), port: 80, path };
        for _ in 0..=MOST_REDIRECTS {
            let (at, answer) = self.page((net, ground), &page, id).await?;
            let status = answer.status.as_u16();
            let next = page.redirected(status, &answer.header("location"));
            if let Some(next) = next.map_err(|it| Problem::unauthorized(format!("{at} redirects: {it}")))? {
                page = next;
                continue;
            }
            if status != 200 {
                return Err(Problem::unauthorized(format!("{at} answers {status} for {}", page.path)));
            }
            // RFC 8555 §8.3: white space at the end does not count.
            if answer.body.trim_ascii_end() == wanted.as_bytes() {
                return Ok(());
            }
            let found = visible_start(String::from_utf8_lossy(&answer.body).into_owned(), 60);
            return Err(Problem::unauthorized(format!("the file at {at} says `{found}`, not the key authorisation")));
        }
        Err(Problem::unauthorized(format!("more than {MOST_REDIRECTS} redirects")))
    }

    /// A page of a name, at this authority's ports for http and https; a certificate is taken as it is, since the proof is in what
    /// the page says.
    async fn page<N: Net>(
        &self,
        (net, ground): (&N, &Ground),
        page: &Page,
        id: u16,
    ) -> Result<(SocketAddr, http::Response), Problem> {
        let (port, own) = if page.secure { (self.tls_port, 443) } else { (self.http_port, 80) };
        // A redirect to another port may lead to somebody who holds no more than that port of the host.
        if page.port != own || page.address().is_some() {
            return Err(Problem::unauthorized(format!("{page} is not followed: a name, port 80 or 443, is")));
        }
        let at = SocketAddr::new(IpAddr::V4(self.address(net, &page.host, id).await?), port);
        let failed = |why: String| Problem::new(400, "connection", format!("{at}: {why}"));
        let client = http::Client::new(http::Version::Http11, at, &page.host);
        let client = if page.secure {
            client.over(&tls::Client::believing(ground).map_err(|it| failed(it.to_string()))?)
        } else {
            client
        };
        let asked = async { client.open(net).await?.ask(http::Request::get(&page.path)).await };
        let answer = asked.await.map_err(|it| failed(it.to_string()))?;
        Ok((at, answer.response))
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

    #[test]
    fn a_file_is_found_where_redirects_lead_and_they_lead_to_names_at_the_ports_of_the_web() {
        let mut lab = Lab::new(1, &[]);
        let ca = lab.host("ca").address("10.0.0.1/24").add();
        let web = lab.host("web").address("10.0.0.2/24").add();
        lab.link(ca, web, LinkOptions::default());
        lab.introduce_everybody();
        let (net, host) = (lab.net(ca), lab.net(web));
        let ground = Ground::lab(&net, 1);
        let at = |port| SocketAddr::from(([10, 0, 0, 2], port));
        let zone = "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 10.0.0.2\nwww A 10.0.0.2\n";
        let zone = Zone::read("zone", zone, &Name::from_ascii("example.").expect("a name")).expect("a zone");
        let (issuer, account) = (String::new(), String::new());
        let look = Look { resolver: at(53), http_port: 80, tls_port: 443, issuer, account };
        let handler = |request: http::Request| {
            let leads = |to: &str| http::Response::new(http::StatusCode::FOUND).with("location", to);
            std::future::ready(match request.path.rsplit('/').next().unwrap_or_default() {
                "here" => http::Response::ok("text/plain", "proof\n"),
                "other" => http::Response::ok("text/plain", "\u{1b}[2J"),
                "beside" => leads("here"),
                "secure" => leads("https://www.example/here"),
                "port" => leads("http://www.example:8080/here"),
                "address" => leads("http://10.0.0.2/here"),
                "file" => leads("file:///etc/passwd"),
                "round" => leads("round"),
                _ => http::Response::new(http::StatusCode::NOT_FOUND),
            })
        };
        let said = lab.run(async {
            dns::serve(&host, at(53), dns::Authority::new(vec![zone])).await.expect("the port is free");
            // Nobody vouches for it: what the page says is the proof.
            let own = tls::Authority::new(&ground, "nobody").and_then(|it| it.issue(&["other.example"])).expect("made");
            let secure = tls::Server::new(&ground, own, &[]).expect("fits");
            for (port, tls) in [(80, None), (443, Some(secure))] {
                let listener = host.listen(at(port)).await.expect("free");
                let serving = http::serve_with(
                    host.clone(),
                    listener,
                    http::ServerOptions { tls, ..Default::default() },
                    handler,
                );
                host.spawn(async move { drop(serving.await) });
            }
            let mut said = Vec::new();
            for token in ["here", "beside", "secure", "other", "none", "port", "address", "file", "round"] {
                let outcome = look.http((&net, &ground), "www.example", token, "proof", 1).await;
                said.push(outcome.map_or_else(|it| it.detail, |()| "holds".to_owned()));
            }
            said
        });
        let [hold @ .., other, none, port, address, file, round] = &said.expect("it ends")[..] else { panic!("nine") };
        assert_eq!(hold, ["holds"; 3]);
        assert_eq!(*other, "the file at 10.0.0.2:80 says `\\x1b[2J`, not the key authorisation");
        assert_eq!(*none, "10.0.0.2:80 answers 404 for /.well-known/acme-challenge/none");
        assert_eq!(*port, "http://www.example:8080/here is not followed: a name, port 80 or 443, is");
        assert_eq!(*address, "http://10.0.0.2/here is not followed: a name, port 80 or 443, is");
        assert!(file.starts_with("10.0.0.2:80 redirects: `file:///etc/passwd` is no page"), "{file}");
        assert_eq!(*round, "more than 10 redirects");
    }
}
