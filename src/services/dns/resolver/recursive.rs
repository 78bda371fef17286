//! The resolver as a server for stubs (RFC 1034 §4.3.1): RD asks it to search, RA says that it does.
use std::net::IpAddr;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::opt::EdnsOption;

use super::{Outcome, Resolver, Status};
use crate::net::Net;
use crate::services::dns::responder::{self, Asker};
use crate::services::dns::serve::Answers;
use crate::services::dns::stub::EXTENDED_ERROR;
use crate::services::dns::{Subnet, subnet};

impl<N: Net> Answers for Resolver<N> {
    async fn answer(&self, query: Vec<u8>, asker: Asker) -> Option<Vec<u8>> {
        let query = match responder::read(&query) {
            Ok(query) => query,
            Err(reply) => return (*reply)?.to_vec().ok(),
        };
        let reply = self.reply(&query, asker.address).await;
        Some(responder::fitted(reply, responder::room(&query, asker.transport)))
    }
}

impl<N: Net> Resolver<N> {
    async fn reply(&self, query: &Message, asker: IpAddr) -> Message {
        let mut reply = responder::start(query);
        reply.metadata.recursion_available = true;
        let question = match responder::judged(query) {
            // RFC 8482: nobody searches for everything.
            Ok(question) if question.query_type == RecordType::ANY => {
                responder::refuse(&mut reply, ResponseCode::NotImp);
                return reply;
            }
            Ok(question) => question,
            Err(code) => {
                responder::refuse(&mut reply, code);
                return reply;
            }
        };
        if !query.metadata.recursion_desired {
            // Who does not want a search is told nothing of what others asked for.
            responder::refuse(&mut reply, ResponseCode::Refused);
            return reply;
        }
        // RFC 4035 §3.2.2: who sets CD checks for himself.
        reply.metadata.checking_disabled = query.metadata.checking_disabled;
        let checking = !query.metadata.checking_disabled;
        // RFC 7871 §7.1.1: what a client tells of itself stands for its address, and 0 bits of it are its wish for privacy.
        let client = subnet::told(query).unwrap_or_else(|| Subnet::new(asker, u8::MAX));
        let found = self.search(&question.name, question.query_type, Some(client), checking).await;
        subnet::answer(&mut reply, query, found.of.map_or(0, Subnet::prefix));
        let dnssec = responder::wants_dnssec(query);
        // RFC 6840 §5.7, §5.8: AD is for those who ask for it, or for DNSSEC.
        let asked = query.metadata.authentic_data || dnssec;
        reply.metadata.authentic_data = asked && found.proof.status == Status::Secure;
        match found.outcome {
            Outcome::Answer(records) => drop(reply.add_answers(records)),
            Outcome::NoData { aliases, soa } => drop(reply.add_answers(aliases).add_authorities(soa)),
            Outcome::NoName { aliases, soa } => {
                reply.metadata.response_code = ResponseCode::NXDomain;
                reply.add_answers(aliases).add_authorities(soa);
            }
            Outcome::Failed(failure) => {
                reply.metadata.response_code = ResponseCode::ServFail;
                if let Some(code) = failure.code() {
                    explain(&mut reply, code, &failure.to_string());
                }
            }
        }
        if dnssec {
            reply.add_answers(found.proof.signatures);
            reply.add_authorities(found.proof.denial);
        }
        if self.0.options.turns {
            // The query's id is chance enough, and costs none.
            responder::turn(&mut reply.answers, query.metadata.id.into());
        }
        reply
    }
}

/// Longer explanations are cut: the answer goes in a datagram.
const LONGEST_TEXT: usize = 200;

/// Says why, for those who read it (RFC 8914 §2).
fn explain(reply: &mut Message, code: u16, why: &str) {
    if let Some(edns) = &mut reply.edns {
        let text = crate::wire::text::visible_start(why, LONGEST_TEXT);
        let data = [&code.to_be_bytes(), text.as_bytes()].concat();
        edns.options_mut().insert(EdnsOption::Unknown(EXTENDED_ERROR, data));
    }
}
