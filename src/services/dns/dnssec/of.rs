//! The data of a record, where it is one of DNSSEC's.
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, NSEC3, RRSIG};
use hickory_proto::rr::{RData, Record};

macro_rules! of {
    ($name:ident, $kind:ident) => {
        /// Its data, when the record is of this type.
        pub(in crate::services::dns) const fn $name(record: &Record) -> Option<&$kind> {
            match &record.data {
                RData::DNSSEC(DNSSECRData::$kind(data)) => Some(data),
                _ => None,
            }
        }
    };
}

of!(dnskey, DNSKEY);
of!(ds, DS);
of!(nsec, NSEC);
of!(nsec3, NSEC3);
of!(rrsig, RRSIG);
