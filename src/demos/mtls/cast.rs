//! Who takes part: two authorities, the old and the new, and what each gives the caller, the gateway and the service.
use std::time::Duration;

use rustls::pki_types::CertificateDer;

use crate::services::tls::{Authority, Ground, Identity, LAB_BEGINS, Leaf, TlsError};

pub(super) const PAYMENTS: &str = "spiffe://lab/payments";
pub(super) const REPORTS: &str = "spiffe://lab/reports";
pub(super) const GATEWAY: &str = "spiffe://lab/gateway";
pub(super) const SERVICE: &str = "charge.lab.example";
pub(super) const GATEWAY_HOST: &str = "gateway.lab.example";

const DAY: Duration = Duration::from_secs(86_400);

/// What the caller shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Payments,
    /// No certificate at all.
    Absent,
    /// Of an authority that the service does not know.
    WrongAuthority,
    Expired,
    /// A server's certificate.
    WrongPurpose,
    /// A good certificate of somebody else.
    WrongName,
}

/// The old authority and the new, and one that nobody knows.
pub(super) struct Cast {
    pub(super) authorities: [Side; 2],
}

/// What one authority has issued.
pub(super) struct Side {
    pub(super) root: CertificateDer<'static>,
    pub(super) caller: Option<Identity>,
    pub(super) gateway: Identity,
    pub(super) service: Identity,
}

impl Cast {
    pub(super) fn new(ground: &Ground, caller: Caller) -> Result<Self, TlsError> {
        let stranger = Authority::new(ground, "Stranger CA")?;
        let old = Side::new(&Authority::new(ground, "Lab CA old")?, &stranger, caller)?;
        Ok(Self { authorities: [old, Side::new(&Authority::new(ground, "Lab CA new")?, &stranger, caller)?] })
    }
}

impl Side {
    fn new(authority: &Authority, stranger: &Authority, caller: Caller) -> Result<Self, TlsError> {
        let long_ago = Duration::from_secs(LAB_BEGINS.into()) - DAY * 10;
        let payments = Leaf::client(&[PAYMENTS])?.days(7);
        let caller = match caller {
            Caller::Payments => Some(authority.sign(&payments)?),
            Caller::Absent => None,
            Caller::WrongAuthority => Some(stranger.sign(&payments)?),
            Caller::Expired => Some(authority.sign(&payments.from(long_ago))?),
            Caller::WrongPurpose => Some(authority.sign(&Leaf::server(&[PAYMENTS])?.days(7))?),
            Caller::WrongName => Some(authority.sign(&Leaf::client(&[REPORTS])?.days(7))?),
        };
        Ok(Self {
            root: authority.certificate(),
            caller,
            gateway: authority.sign(&Leaf::server(&[GATEWAY, GATEWAY_HOST])?.and_client().days(7))?,
            service: authority.sign(&Leaf::server(&[SERVICE])?.days(7))?,
        })
    }
}
