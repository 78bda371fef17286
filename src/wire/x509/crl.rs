//! A list of revoked certificates (RFC 5280 §5) as a value.
use super::der::{self, Item, Items};
use super::signed::Signed;
use super::time::seconds;
use super::{Unreadable, name};

/// A list. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crl {
    pub der: Vec<u8>,
    pub signed: Signed,
    /// Its issuer's name in DER, which is what is compared (RFC 5280 §7.1).
    pub issuer_der: Vec<u8>,
    pub issuer: String,
    pub this_update: i64,
    pub next_update: Option<i64>,
    /// Serial numbers, with the time each was revoked.
    pub revoked: Vec<(Vec<u8>, i64)>,
}

impl Crl {
    /// Reads a list.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn read(der: &[u8]) -> Result<Self, Unreadable> {
        read(der).ok_or(Unreadable("this is no list of revoked certificates (X.509 CRL)"))
    }

    /// When that certificate of its issuer was revoked.
    #[must_use]
    pub fn revoked(&self, serial: &[u8]) -> Option<i64> {
        self.revoked.iter().find(|(it, _)| it == serial).map(|(_, at)| *at)
    }
}

fn read(der: &[u8]) -> Option<Crl> {
    let signed = Signed::read(der)?;
    let mut fields = Items(&signed.bytes).sequence()?;
    fields.optional(der::INTEGER);
    fields.expect(der::SEQUENCE)?;
    let issuer = fields.expect(der::SEQUENCE)?.whole.to_vec();
    let time = |it: Item<'_>| seconds(it.tag, it.value);
    let this_update = time(fields.item()?)?;
    let next = [der::UTC_TIME, der::GENERALIZED_TIME].into_iter().find_map(|it| fields.optional(it));
    let next_update = next.and_then(time);
    let mut revoked = Vec::new();
    for entry in fields.optional(der::SEQUENCE).map_or(Items(&[]), |it| Items(it.value)) {
        let mut entry = Items(entry.value);
        revoked.push((entry.expect(der::INTEGER)?.value.to_vec(), time(entry.item()?)?));
    }
    let name = name::of(&issuer)?;
    Some(Crl { der: der.to_vec(), signed, issuer_der: issuer, issuer: name, this_update, next_update, revoked })
}
