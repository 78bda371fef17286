//! Signed certificate timestamps: proofs that a certificate stands in public logs. RFC 6962 §3.2, §3.3.
use crate::wire::reader::{Reader, Words};

const SCT: &str = "RFC 6962 §3.3";
const ALL_LENGTH: Words = Words::new("tls.sct.scts_length", "Timestamps length", SCT, "In bytes, all of them.");
const LENGTH: Words = Words::new("tls.sct.sct_length", "Timestamp length", SCT, "In bytes.");
const STAMP: Words = Words::new(
    "tls.sct.sct",
    "Signed certificate timestamp",
    SCT,
    "A log's promise to publish the certificate: so an authority cannot issue one for your name unseen.",
);
const VERSION: Words = Words::new("tls.sct.sct_version", "Version", "RFC 6962 §3.2", "0 is version 1.");
const LOG: Words = Words::new("tls.sct.sct_logid", "Log", "RFC 6962 §3.2", "Which log: the hash of its public key.");
const TIME: Words =
    Words::new("tls.sct.sct_timestamp", "Time", "RFC 6962 §3.2", "When the log took it, in milliseconds since 1970.");
const EXTENSIONS_LENGTH: Words =
    Words::new("tls.sct.sct_extensions_length", "Extensions length", "RFC 6962 §3.2", "In bytes; 0: none.");
const EXTENSIONS: Words = Words::new("tls.sct.sct_extensions", "Extensions", "RFC 6962 §3.2", "None are in use.");
const ALGORITHM: Words =
    Words::new("tls.handshake.sig_hash_alg", "Signature algorithm", "RFC 6962 §3.2", "With which the log signs.");
const SIGNATURE_LENGTH: Words =
    Words::new("tls.sct.sct_signature_length", "Signature length", "RFC 6962 §3.2", "In bytes.");
const SIGNATURE: Words =
    Words::new("tls.sct.sct_signature", "Signature", "RFC 6962 §3.2", "The log's, over the certificate and the time.");

/// More than this are not taken apart.
const MOST: usize = 20;

/// Reads a list of them, with its length.
pub(in crate::wire) fn read(r: &mut Reader<'_>) -> Option<()> {
    r.u16(&ALL_LENGTH)?;
    for _ in 0..MOST {
        if r.left() == 0 {
            break;
        }
        let length = usize::from(r.u16(&LENGTH)?);
        if length > r.left() {
            return None;
        }
        r.group(&STAMP, |r| r.within(length, &STAMP, stamp))??;
    }
    Some(())
}

fn stamp(r: &mut Reader<'_>) -> Option<()> {
    let version = r.u8(&VERSION)?;
    if version != 0 {
        return Some(());
    }
    r.raw(&LOG, 32)?;
    let millis = r.number(&TIME, 64)?;
    if let Ok(seconds) = u32::try_from(millis / 1000) {
        r.means(crate::wire::text::date(seconds));
    }
    let length = usize::from(r.u16(&EXTENSIONS_LENGTH)?);
    r.raw(&EXTENSIONS, length)?;
    r.hex16(&ALGORITHM)?;
    let length = usize::from(r.u16(&SIGNATURE_LENGTH)?);
    r.raw(&SIGNATURE, length)?;
    Some(())
}
