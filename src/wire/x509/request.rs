//! A request for a certificate (PKCS #10, RFC 2986) as a value.
use super::Unreadable;
use super::alternative::AltName;
use super::der::{self, Items};
use super::oid;
use super::public_key::PublicKey;
use super::signed::{Signed, extensions};

/// A request; that its maker has the key in it is not said yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub key: PublicKey,
    /// The names it wants (RFC 5280 §4.2.1.6), by its extensionRequest (RFC 2985 §5.4.2).
    pub names: Vec<AltName>,
    pub signed: Signed,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn read(der: &[u8]) -> Result<Self, Unreadable> {
        read(der).ok_or(Unreadable("this is no PKCS #10 request"))
    }
}

fn read(der: &[u8]) -> Option<Request> {
    let signed = Signed::read(der)?;
    let mut fields = Items(&signed.bytes).sequence()?;
    fields.expect(der::INTEGER)?;
    fields.expect(der::SEQUENCE)?;
    let key = PublicKey::read(fields.expect(der::SEQUENCE)?.whole)?;
    let mut names = Vec::new();
    for attribute in fields.optional(der::context(0)).map_or(Items(&[]), |it| Items(it.value)) {
        let mut attribute = Items(attribute.value);
        if oid::name(attribute.expect(der::OID)?.value) == "extensionRequest" {
            let asked = extensions(attribute.expect(der::SET)?.value)?;
            for it in asked.iter().filter(|it| oid::name(it.id) == "subjectAltName") {
                names.extend(AltName::all(it.value)?);
            }
        }
    }
    Some(Request { key, names, signed })
}
