//! What the authority keeps: accounts, orders, authorisations, nonces (RFC 8555 §7.1), each bounded.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::pki_types::CertificateDer;

use super::super::jws::{Jwk, base64};
use super::super::problem::Problem;
use super::super::{ChallengeKind, validate};

/// More of anything is refused.
const MOST: usize = 10_000;

/// RFC 8555 §7.1.6: the states of orders, authorisations and challenges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    Ready,
    Processing,
    Valid,
    Invalid,
    Expired,
    Deactivated,
}

impl Status {
    #[must_use]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Processing => "processing",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Expired => "expired",
            Self::Deactivated => "deactivated",
        }
    }
}

/// A challenge of an authorisation.
#[derive(Clone, Debug)]
pub(super) struct Challenge {
    pub(super) kind: ChallengeKind,
    pub(super) token: String,
    pub(super) status: Status,
    pub(super) error: Option<Problem>,
    /// When it was found to hold.
    pub(super) validated: Option<i64>,
}

/// Whether an account holds a name.
#[derive(Clone, Debug)]
pub(super) struct Authorisation {
    pub(super) account: usize,
    pub(super) order: usize,
    pub(super) name: String,
    /// The order wants `*.` before it (RFC 8555 §7.1.3).
    pub(super) wildcard: bool,
    pub(super) status: Status,
    pub(super) challenges: Vec<Challenge>,
    pub(super) expires: i64,
}

/// An order of a certificate.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) account: usize,
    pub(super) names: Vec<String>,
    pub(super) authorisations: Vec<usize>,
    pub(super) status: Status,
    pub(super) error: Option<Problem>,
    pub(super) expires: i64,
    pub(super) certificate: Option<Vec<CertificateDer<'static>>>,
}

impl Order {
    /// It is over, except where its certificate was given already.
    fn fail(&mut self, problem: Problem) {
        if !matches!(self.status, Status::Valid | Status::Invalid) {
            (self.status, self.error) = (Status::Invalid, Some(problem));
        }
    }
}

/// Everything, by number.
pub(super) struct State {
    pub(super) accounts: Vec<Jwk>,
    /// Accounts that their holders have ended (RFC 8555 §7.3.6).
    ended: BTreeSet<usize>,
    pub(super) orders: Vec<Order>,
    pub(super) authorisations: Vec<Authorisation>,
    nonces: BTreeSet<String>,
    /// The nonces in the order they were given, with those that are used.
    given_nonces: VecDeque<String>,
    /// When certificates were given, by the names in them: for the rate limit.
    pub(super) given: BTreeMap<Vec<String>, Vec<i64>>,
    chance: ChaCha20Rng,
    /// The serial numbers of certificates that are no longer good, since when (since 1970), and why (RFC 5280 §5.3.1).
    pub(super) revoked: BTreeMap<Vec<u8>, (Duration, u64)>,
}

/// A generator that nobody can foretell.
fn of_the_system() -> ChaCha20Rng {
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).expect("the system has chance");
    ChaCha20Rng::from_seed(seed)
}

impl State {
    /// The seed decides every random value; without one they are the system's.
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self {
            accounts: Vec::new(),
            ended: BTreeSet::new(),
            orders: Vec::new(),
            authorisations: Vec::new(),
            nonces: BTreeSet::new(),
            given_nonces: VecDeque::new(),
            given: BTreeMap::new(),
            chance: seed.map_or_else(of_the_system, ChaCha20Rng::seed_from_u64),
            revoked: BTreeMap::new(),
        }
    }

    fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.chance.fill_bytes(&mut bytes);
        bytes
    }

    /// A new nonce (RFC 8555 §6.5); the oldest goes when there are too many.
    pub(super) fn nonce(&mut self) -> String {
        let nonce = base64(&self.bytes());
        if self.given_nonces.len() >= MOST
            && let Some(oldest) = self.given_nonces.pop_front()
        {
            self.nonces.remove(&oldest);
        }
        self.given_nonces.push_back(nonce.clone());
        self.nonces.insert(nonce.clone());
        nonce
    }

    /// Whether that nonce was given and not used yet; now it is.
    pub(super) fn use_nonce(&mut self, nonce: &str) -> bool {
        self.nonces.remove(nonce)
    }

    /// A serial number: 64 bits of chance, so that no two certificates of any start have the same (RFC 5280 §4.1.2.2).
    pub(super) fn serial(&mut self) -> u64 {
        self.chance.next_u64().max(1)
    }

    /// 16 bits of chance: the number of a query.
    pub(super) fn query(&mut self) -> u16 {
        let bytes = self.bytes();
        u16::from_be_bytes([bytes[0], bytes[1]])
    }

    /// The account of that key, which is new where it was not known; and whether it was.
    pub(super) fn account(&mut self, key: &Jwk, only_existing: bool) -> Result<(usize, bool), Problem> {
        if let Some(known) = self.accounts.iter().position(|it| it == key) {
            self.is_good(known)?;
            return Ok((known, true));
        }
        if only_existing {
            return Err(Problem::new(400, "accountDoesNotExist", "no account has this key"));
        }
        if self.accounts.len() >= MOST {
            return Err(Problem::new(429, "rateLimited", "there are too many accounts"));
        }
        self.accounts.push(key.clone());
        Ok((self.accounts.len() - 1, false))
    }

    /// RFC 8555 §7.3.6: an account that was ended is good for nothing.
    pub(super) fn is_good(&self, account: usize) -> Result<(), Problem> {
        let ended = Problem { status: 401, ..Problem::unauthorized("this account is deactivated") };
        if self.ended.contains(&account) { Err(ended) } else { Ok(()) }
    }

    /// RFC 8555 §7.3.6: its holder ends an account; what it had begun is over.
    pub(super) fn end(&mut self, account: usize) {
        self.ended.insert(account);
        for order in self.orders.iter_mut().filter(|it| it.account == account) {
            order.fail(Problem::unauthorized("its account is deactivated"));
        }
    }

    /// RFC 8555 §7.5.2: its holder gives up an authorisation; an order that needs it is over.
    pub(super) fn give_up(&mut self, authorisation: usize) -> Result<(), Problem> {
        let it = self.authorisations.get_mut(authorisation).ok_or_else(Problem::missing)?;
        if !matches!(it.status, Status::Pending | Status::Valid | Status::Deactivated) {
            return Err(Problem::malformed(format!("the authorisation is {}", it.status.name())));
        }
        it.status = Status::Deactivated;
        if let Some(order) = self.orders.get_mut(it.order) {
            order.fail(Problem::unauthorized(format!("the authorisation of {} is deactivated", it.name)));
        }
        Ok(())
    }

    /// RFC 8555 §7.1.6: an order that is not finished in its time is invalid, and so are its authorisations: those that were valid
    /// have expired.
    pub(super) fn lapse(&mut self, order: usize, now: i64) {
        let Some(order) = self.orders.get_mut(order).filter(|it| it.expires <= now) else { return };
        order.fail(Problem::malformed("the order was not finished before it expired"));
        for number in &order.authorisations {
            let Some(it) = self.authorisations.get_mut(*number) else { continue };
            it.status = match it.status {
                Status::Pending => Status::Invalid,
                Status::Valid => Status::Expired,
                other => other,
            };
        }
    }

    /// A new order with an authorisation for each name.
    pub(super) fn order(&mut self, account: usize, names: Vec<String>, expires: i64) -> Result<usize, Problem> {
        if self.orders.len() >= MOST || self.authorisations.len() + names.len() > MOST {
            return Err(Problem::new(429, "rateLimited", "there are too many orders"));
        }
        let order = self.orders.len();
        let authorisations = names.iter().map(|it| self.authorise(account, order, it, expires)).collect();
        let status = Status::Pending;
        self.orders.push(Order { account, names, authorisations, status, error: None, expires, certificate: None });
        Ok(order)
    }

    fn authorise(&mut self, account: usize, order: usize, name: &str, expires: i64) -> usize {
        let (name, wildcard) = name.strip_prefix("*.").map_or((name, false), |it| (it, true));
        let kinds = ChallengeKind::ALL.into_iter().filter(|it| !wildcard || *it == ChallengeKind::Dns);
        let kinds: Vec<ChallengeKind> = kinds.collect();
        let mut challenge = |kind| {
            let token = validate::token(&self.bytes());
            Challenge { kind, token, status: Status::Pending, error: None, validated: None }
        };
        let challenges = kinds.into_iter().map(&mut challenge).collect();
        let (name, status) = (name.to_owned(), Status::Pending);
        self.authorisations.push(Authorisation { account, order, name, wildcard, status, challenges, expires });
        self.authorisations.len() - 1
    }

    /// What a validation came to (RFC 8555 §7.1.6): the challenge, its authorisation, its order.
    pub(super) fn judged(&mut self, authorisation: usize, kind: ChallengeKind, outcome: Result<(), Problem>, now: i64) {
        if let Some(order) = self.authorisations.get(authorisation).map(|it| it.order) {
            self.lapse(order, now);
        }
        // It may have expired or been given up while it was looked at.
        let pending = self.authorisations.get_mut(authorisation).filter(|it| it.status == Status::Pending);
        let Some(it) = pending else { return };
        let status = if outcome.is_ok() { Status::Valid } else { Status::Invalid };
        it.status = status;
        for challenge in it.challenges.iter_mut().filter(|it| it.kind == kind) {
            challenge.status = status;
            challenge.error = outcome.clone().err();
            challenge.validated = outcome.is_ok().then_some(now);
        }
        let order = it.order;
        let Some(order) = self.orders.get_mut(order) else { return };
        if let Err(problem) = outcome {
            order.fail(problem);
        } else if order.status == Status::Pending
            && order.authorisations.iter().all(|it| self.authorisations[*it].status == Status::Valid)
        {
            order.status = Status::Ready;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An order of one name, which expires at 100.
    fn ordered() -> State {
        let mut it = State::new(Some(1));
        it.order(0, vec!["a.example".to_owned()], 100).expect("there is room");
        it
    }

    fn states(it: &State) -> (Status, Status) {
        (it.orders[0].status, it.authorisations[0].status)
    }

    #[test]
    fn an_order_that_is_not_finished_in_its_time_is_over_and_one_that_is_stays() {
        let mut it = ordered();
        it.lapse(0, 99);
        assert_eq!(states(&it), (Status::Pending, Status::Pending));
        it.judged(0, ChallengeKind::Http, Ok(()), 100);
        assert_eq!(states(&it), (Status::Invalid, Status::Invalid), "the proof came too late");
        let mut it = ordered();
        it.judged(0, ChallengeKind::Http, Ok(()), 99);
        assert_eq!(states(&it), (Status::Ready, Status::Valid));
        it.lapse(0, 100);
        assert_eq!(states(&it), (Status::Invalid, Status::Expired));
        let mut it = ordered();
        it.orders[0].status = Status::Valid;
        it.lapse(0, 100);
        assert_eq!(it.orders[0].status, Status::Valid);
    }

    #[test]
    fn what_was_given_up_is_not_made_valid_by_a_proof_that_comes_later() {
        let mut it = ordered();
        it.give_up(0).expect("it is pending");
        it.judged(0, ChallengeKind::Http, Ok(()), 1);
        assert_eq!(states(&it), (Status::Invalid, Status::Deactivated));
        let mut it = ordered();
        it.judged(0, ChallengeKind::Http, Err(Problem::missing()), 1);
        assert!(it.give_up(0).is_err(), "it is invalid already");
    }

    #[test]
    fn of_too_many_nonces_the_oldest_goes() {
        let mut it = State::new(Some(1));
        let given: Vec<String> = (0..=MOST).map(|_| it.nonce()).collect();
        assert!(!it.use_nonce(&given[0]));
        assert!(given[1..].iter().all(|nonce| it.use_nonce(nonce)));
        assert_eq!(it.given_nonces.len(), MOST);
    }

    #[test]
    fn without_a_seed_two_starts_have_nothing_alike_and_with_one_everything() {
        let start = |seed| {
            let mut it = State::new(seed);
            (it.nonce(), it.serial(), it.serial())
        };
        assert_eq!(start(Some(1)), start(Some(1)));
        let (one, other) = (start(None), start(None));
        assert!(one.0 != other.0 && one.1 != other.1 && one.1.wrapping_add(1) != one.2, "{one:?} {other:?}");
    }
}
