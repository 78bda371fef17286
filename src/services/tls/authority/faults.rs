//! A server's chain with one thing wrong in it, and what its clients trust: what goes wrong with certificates in practice.
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};

use super::{Authority, DAY, Identity, Leaf, SERVER_DAYS};
use crate::services::tls::{Ground, TlsError};

/// Another name than the one that is asked for.
const OTHER: &str = "mail.shop.example";

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    None,
    /// The renewal was forgotten.
    Expired,
    /// The clock of one of the two is wrong.
    NotYetValid,
    /// The name stands as common name only; the alternative name is another.
    WrongName,
    /// The chain is whole, and its root is nobody the client knows.
    UnknownAuthority,
    SelfSigned,
    /// The server sends its own certificate only.
    MissingIntermediate,
    /// Its issuer has revoked it.
    Revoked,
    /// A client's certificate on a server.
    WrongPurpose,
    /// Nothing is wrong; the server also sends its root.
    Superfluous,
}

impl Fault {
    /// Each, with its word.
    pub const ALL: [(&'static str, Self); 10] = [
        ("none", Self::None),
        ("expired", Self::Expired),
        ("not-yet-valid", Self::NotYetValid),
        ("wrong-name", Self::WrongName),
        ("unknown-ca", Self::UnknownAuthority),
        ("self-signed", Self::SelfSigned),
        ("missing-intermediate", Self::MissingIntermediate),
        ("revoked", Self::Revoked),
        ("wrong-eku", Self::WrongPurpose),
        ("superfluous", Self::Superfluous),
    ];

    /// The fault of that word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(it, _)| *it == word).map(|(_, fault)| *fault)
    }
}

/// A server with a fault, and its clients' side.
pub struct Faulty {
    /// What the server shows.
    pub identity: Identity,
    /// Whom clients trust.
    pub root: CertificateDer<'static>,
    /// The list of each issuer as it publishes it: the leaf's first, the root's last.
    pub lists: Vec<CertificateRevocationListDer<'static>>,
}

impl Faulty {
    /// A server of that name below so many intermediates (at least one), with the fault; its list of revoked certificates
    /// stands at `crl`.
    ///
    /// # Errors
    /// When a certificate cannot be made.
    pub fn new(ground: &Ground, fault: Fault, (name, crl): (&str, &str), depth: u8) -> Result<Self, TlsError> {
        let authorities = chain(ground, "Lab Root", depth)?;
        let (issuer, root) = (&authorities[0], &authorities[authorities.len() - 1]);
        let leaf = Leaf::server(&[name])?.crl_at(crl);
        let now = ground.now();
        let leaf = match fault {
            Fault::Expired => leaf.from(now.saturating_sub(DAY * (SERVER_DAYS + 1))),
            Fault::NotYetValid => leaf.from(now + DAY),
            Fault::WrongName => Leaf::server(&[OTHER])?.subject(name).crl_at(crl),
            Fault::WrongPurpose => Leaf::client(&[name])?.crl_at(crl),
            _ => leaf,
        };
        let identity = match fault {
            Fault::SelfSigned => Identity::self_signed(ground, &leaf)?,
            Fault::UnknownAuthority => chain(ground, "Other Root", depth)?[0].sign(&leaf)?,
            Fault::MissingIntermediate => issuer.sign(&leaf)?.alone(),
            Fault::Superfluous => issuer.sign(&leaf)?.with(root.certificate()),
            _ => issuer.sign(&leaf)?,
        };
        let serials = if fault == Fault::Revoked { vec![identity.read()[0].serial.clone()] } else { Vec::new() };
        let mut lists = vec![issuer.revocations(&serials)?];
        for above in &authorities[1..] {
            lists.push(above.revocations(&[])?);
        }
        Ok(Self { identity, root: root.certificate(), lists })
    }
}

/// The authorities that are made below a root, the last first; the root is the last.
fn chain(ground: &Ground, name: &str, depth: u8) -> Result<Vec<Authority>, TlsError> {
    let depth = depth.max(1);
    let root = Authority::over(ground, name, depth)?;
    let issuer = |number: u8| format!("{name} Issuer {number}");
    let mut all = vec![root];
    for number in 1..=depth {
        let next = all[0].intermediate(&issuer(number), depth - number)?;
        all.insert(0, next);
    }
    Ok(all)
}
