//! The resolver as a server for stubs (RFC 1034 §4.3.1): RD asks it to search, RA says that it does.
use std::net::IpAddr;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;

use super::{Outcome, Resolver};
use crate::net::Net;
use crate::services::dns::responder::{self, Asker};
use crate::services::dns::serve::Answers;
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
        // RFC 7871 §7.1.1: what a client tells of itself stands for its address, and 0 bits of it are its wish for privacy.
        let client = subnet::told(query).unwrap_or_else(|| Subnet::new(asker, u8::MAX));
        let resolution = self.resolve_for(&question.name, question.query_type, Some(client)).await;
        subnet::answer(&mut reply, query, resolution.of.map_or(0, Subnet::prefix));
        match resolution.outcome {
            Outcome::Answer(records) => drop(reply.add_answers(records)),
            Outcome::NoData { aliases, soa } => drop(reply.add_answers(aliases).add_authorities(soa)),
            Outcome::NoName { aliases, soa } => {
                reply.metadata.response_code = ResponseCode::NXDomain;
                reply.add_answers(aliases).add_authorities(soa);
            }
            Outcome::Failed(_) => reply.metadata.response_code = ResponseCode::ServFail,
        }
        if self.0.options.turns {
            // The query's id is chance enough, and costs none.
            responder::turn(&mut reply.answers, query.metadata.id.into());
        }
        reply
    }
}
