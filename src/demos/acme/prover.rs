//! The server's side of a proof: a file, a record, a certificate; and the faults of the zone.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::rc::Rc;

use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use ring::digest::{SHA256, digest};

use crate::services::acme::{ACME_TLS, ChallengeKind, Prover, hashed};
use crate::services::dns::{self, Authority, Zone};
use crate::services::tls::{Ground, Identity, Leaf, Server, TlsError};

/// The name of the server.
pub(super) const NAME: &str = "www.shop.example";
pub(super) const WEB: [u8; 4] = [10, 0, 0, 2];
/// Where nobody is.
const NOBODY: [u8; 4] = [10, 0, 0, 99];
/// The authority as CAA records name it.
pub(super) const CA: &str = "ca.example";
const TTL: u32 = 300;

/// The files of the web server, by path.
pub(super) type Files = Rc<RefCell<BTreeMap<String, String>>>;
/// The server's TLS, exchanged with each certificate.
pub(super) type Current = Rc<RefCell<Server>>;

/// Where proofs go.
#[derive(Clone)]
pub(super) struct Places {
    pub(super) ground: Ground,
    pub(super) files: Files,
    pub(super) tls: Current,
    pub(super) zone: Authority,
    /// What is wrong with the zone now.
    pub(super) broken: Rc<RefCell<&'static str>>,
}

/// The zone of the shop.
pub(super) fn zone() -> Authority {
    let text = format!(
        "$TTL {TTL}\n@ SOA ns1.shop.example. hostmaster.shop.example. 1 3600 900 1209600 300\n@ NS ns1\nns1 A 10.0.0.4\n\
         www A 10.0.0.2\n@ CAA 0 issue \"{CA}\"\n"
    );
    Authority::new(vec![Zone::read("shop.example", &text, &origin()).expect("it is a zone")])
}

fn origin() -> Name {
    dns::name("shop.example").expect("a domain name")
}

impl Places {
    fn set(&self, owner: &str, kind: RecordType, data: Option<RData>) {
        let name = dns::name(owner).expect("a domain name");
        let records = data.into_iter().map(|it| Record::from_rdata(name.clone(), TTL, it)).collect();
        self.zone.change(&origin(), |zone| zone.set(&name, kind, records));
    }

    /// Breaks the zone in that way, or mends it (`none`).
    pub(super) fn break_zone(&self, how: &'static str, kind: ChallengeKind) {
        *self.broken.borrow_mut() = how;
        let address = |it: [u8; 4]| Some(RData::A(Ipv4Addr::from(it).into()));
        // The proof by DNS needs no address: there the fault is in the record of the proof.
        let by_address = kind != ChallengeKind::Dns;
        self.set(
            NAME,
            RecordType::A,
            match how {
                "missing" if by_address => None,
                "wrong" if by_address => address(NOBODY),
                _ => address(WEB),
            },
        );
        let issuer = match how {
            "caa" => "other-ca.example".to_owned(),
            // RFC 8657 §3: an account that was given up.
            "caa-account" => format!("{CA}; accounturi=https://{CA}/account/7"),
            _ => CA.to_owned(),
        };
        let text = format!("@ CAA 0 issue \"{issuer}\"\n@ SOA ns1.shop.example. h.shop.example. 1 1 1 1 1\n");
        let caa =
            Zone::read("caa", &format!("$TTL {TTL}\n{text}@ NS ns1\nns1 A 10.0.0.4\n"), &origin()).expect("a zone");
        let records = caa.records(&origin(), RecordType::CAA).to_vec();
        self.zone.change(&origin(), |zone| zone.set(&origin(), RecordType::CAA, records));
    }

    /// The server's certificate for those who ask for a validation (RFC 8737 §3).
    fn alpn(&self, name: &str, authorisation: &str) -> Result<(), TlsError> {
        let hash = digest(&SHA256, authorisation.as_bytes());
        let hash: [u8; 32] = hash.as_ref().try_into().expect("SHA-256 has 32 bytes");
        let identity = Identity::self_signed(&self.ground, &Leaf::server(&[name])?.acme_identifier(&hash))?;
        let proving = self.tls.borrow().clone().proving(&self.ground, identity, ACME_TLS)?;
        *self.tls.borrow_mut() = proving;
        Ok(())
    }
}

/// Where a file of a proof lies (RFC 8555 §8.3).
fn path(token: &str) -> String {
    format!("/.well-known/acme-challenge/{token}")
}

impl Prover for Places {
    async fn put(&self, kind: ChallengeKind, name: &str, token: &str, authorisation: &str) {
        match kind {
            ChallengeKind::Http => drop(self.files.borrow_mut().insert(path(token), authorisation.to_owned())),
            ChallengeKind::Dns => {
                let below = match *self.broken.borrow() {
                    "missing" => return,
                    "wrong" => format!("_acme-challenge.{}", name.split_once('.').map_or(name, |it| it.1)),
                    _ => format!("_acme-challenge.{name}"),
                };
                let text = TXT::new(vec![hashed(authorisation)]);
                self.set(&below, RecordType::TXT, Some(RData::TXT(text)));
            }
            ChallengeKind::TlsAlpn => self.alpn(name, authorisation).expect("key and certificate are made together"),
        }
    }

    async fn remove(&self, kind: ChallengeKind, name: &str, token: &str) {
        match kind {
            ChallengeKind::Http => drop(self.files.borrow_mut().remove(&path(token))),
            ChallengeKind::Dns => self.set(&format!("_acme-challenge.{name}"), RecordType::TXT, None),
            // The next certificate takes its place.
            ChallengeKind::TlsAlpn => {}
        }
    }
}
