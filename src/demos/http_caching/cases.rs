//! The cases: a resource with its rules, and what is done to it, one thing after another.
use super::origin::{Etag, Rules};
use crate::demos::Knobs;

/// Who asks: each has a private cache, both go through the shared one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    Ann,
    Ben,
}

/// One thing that is done.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Get(User, Vec<(&'static str, &'static str)>),
    /// Writes over whatever is there, or only over the version this user has read.
    Put(User, bool),
    Post(User),
    Delete(User),
    /// So many seconds pass, on every clock.
    Wait(u64),
    /// Somebody changes the resource at the origin itself.
    Change,
    /// The origin answers 503 from now on, or no longer.
    Break(bool),
}

/// A case.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) rules: Rules,
    pub(super) acts: Vec<Act>,
}

use Act::{Break, Change, Delete, Post, Put, Wait};
use User::{Ann, Ben};

fn get(user: User) -> Act {
    Act::Get(user, Vec::new())
}

fn asks(user: User, name: &'static str, value: &'static str) -> Act {
    Act::Get(user, vec![(name, value)])
}

fn rules(control: &str, etag: Etag) -> Rules {
    let fields = if control.is_empty() { Vec::new() } else { vec![("cache-control", control.to_owned())] };
    Rules { fields, etag, modified_before: None }
}

fn with(mut rules: Rules, name: &'static str, value: &str) -> Rules {
    rules.fields.push((name, value.to_owned()));
    rules
}

fn case(name: &str, rules: Rules, acts: Vec<Act>) -> Case {
    Case { name: name.to_owned(), rules, acts }
}

/// All of them, or the one of the knobs.
pub(super) fn chosen(knobs: &Knobs) -> Vec<Case> {
    if knobs.choice("cases") == "one" { vec![own(knobs)] } else { all() }
}

/// The case of the knobs.
fn own(knobs: &Knobs) -> Case {
    let etag = match knobs.choice("etag") {
        "weak" => Etag::Weak,
        "none" => Etag::None,
        _ => Etag::Strong,
    };
    let control = knobs.choice("cache-control");
    let mut rules = rules(if control == "none" { "" } else { control }, etag);
    if knobs.choice("vary") != "nothing" {
        rules = with(rules, "vary", knobs.choice("vary"));
    }
    let fields = |language| {
        let mut fields = vec![("accept-language", language)];
        if knobs.is_on("authorization") {
            fields.push(("authorization", "Bearer a-token"));
        }
        fields
    };
    let jump = knobs.time("jump").as_secs();
    let mut acts = Vec::new();
    for (number, (user, language)) in
        (1..).zip([(Ann, "en"), (Ann, "en"), (Ben, "en"), (Ben, "de"), (Ann, "en"), (Ben, "en")])
    {
        if number > 1 {
            acts.push(Wait(jump));
        }
        if number > 1 && number - 1 <= knobs.number("changes") {
            acts.push(Change);
        }
        acts.push(Act::Get(user, fields(language)));
    }
    let writers = usize::try_from(knobs.number("writers")).expect("the knob's limit is small");
    let who = |number: usize| if number.is_multiple_of(2) { Ann } else { Ben };
    acts.extend((0..writers.min(2)).map(|number| asks(who(number), "cache-control", "no-cache")));
    acts.extend((0..writers).map(|number| Put(who(number), knobs.choice("if-match") == "on")));
    case("your own", rules, acts)
}

/// The cases that show the rules, in the order of RFC 9111.
pub(super) fn all() -> Vec<Case> {
    [keeping(), freshness(), asking(), stale(), writing()].concat()
}

/// RFC 9111 §3: who may keep what.
fn keeping() -> Vec<Case> {
    let minute = || rules("max-age=60", Etag::Strong);
    vec![
        case(
            "max-age: both keep it, and the second user has it from the shared cache",
            minute(),
            vec![get(Ann), get(Ann), get(Ben)],
        ),
        case("no-store: nobody keeps it", rules("no-store", Etag::Strong), vec![get(Ann), get(Ann)]),
        case(
            "private: the user's cache keeps it, the shared one does not",
            rules("private, max-age=60", Etag::Strong),
            vec![get(Ann), get(Ann), get(Ben)],
        ),
        case(
            "Authorization: the shared cache does not keep the answer",
            minute(),
            vec![asks(Ann, "authorization", "Bearer ann"), asks(Ben, "authorization", "Bearer ben")],
        ),
        case(
            "Authorization and public: it does",
            rules("public, max-age=60", Etag::Strong),
            vec![asks(Ann, "authorization", "Bearer ann"), asks(Ben, "authorization", "Bearer ben")],
        ),
        case(
            "Vary: one answer for each language",
            with(minute(), "vary", "accept-language"),
            vec![
                asks(Ann, "accept-language", "en"),
                asks(Ben, "accept-language", "de"),
                asks(Ben, "accept-language", "en"),
            ],
        ),
        case("Vary: * fits no request", with(minute(), "vary", "*"), vec![get(Ann), get(Ann)]),
        case("no words at all, no date of change: nothing is kept", rules("", Etag::None), vec![get(Ann), get(Ann)]),
        case("a client's no-store", minute(), vec![asks(Ann, "cache-control", "no-store"), get(Ann)]),
    ]
}

/// RFC 9111 §4.2: how long it is fresh.
fn freshness() -> Vec<Case> {
    let heuristic = Rules { modified_before: Some(600), ..rules("", Etag::None) };
    vec![
        case(
            "s-maxage: the shared cache has a lifetime of its own",
            rules("max-age=10, s-maxage=300", Etag::Strong),
            vec![get(Ann), Wait(60), get(Ann), get(Ben)],
        ),
        case(
            "Age: what is old already is fresh for less long",
            rules("max-age=60", Etag::Strong),
            vec![get(Ann), Wait(40), get(Ben), Wait(30), get(Ben)],
        ),
        case("Expires: 0 is in the past", with(rules("", Etag::Strong), "expires", "0"), vec![get(Ann), get(Ann)]),
        case("no words, but a date of change: a tenth of its age", heuristic, vec![get(Ann), Wait(30), get(Ann)]),
        case(
            "a reload: the client says no-cache",
            rules("max-age=60", Etag::Strong),
            vec![get(Ann), Change, get(Ann), asks(Ann, "cache-control", "no-cache")],
        ),
        case(
            "only-if-cached: 504 where there is nothing",
            rules("max-age=60", Etag::Strong),
            vec![asks(Ann, "cache-control", "only-if-cached")],
        ),
    ]
}

/// RFC 9111 §4.3: asking whether it still holds.
fn asking() -> Vec<Case> {
    let dated = Rules { modified_before: Some(600), ..rules("no-cache", Etag::None) };
    vec![
        case(
            "no-cache: kept, and asked each time: 304",
            rules("no-cache", Etag::Strong),
            vec![get(Ann), get(Ann), Change, get(Ann)],
        ),
        case(
            "stale: 304 makes it fresh again",
            rules("max-age=60", Etag::Strong),
            vec![get(Ann), Wait(90), get(Ann), Wait(30), get(Ann)],
        ),
        case("a weak ETag is enough to ask", rules("max-age=60", Etag::Weak), vec![get(Ann), Wait(90), get(Ann)]),
        case("without an ETag it is asked by its date", dated, vec![get(Ann), get(Ann)]),
    ]
}

/// RFC 9111 §4.2.4 and RFC 5861: what may be served stale.
fn stale() -> Vec<Case> {
    let strong = |control| rules(control, Etag::Strong);
    vec![
        case(
            "stale-while-revalidate: served at once, asked behind",
            strong("max-age=10, stale-while-revalidate=60"),
            vec![get(Ann), Change, Wait(20), get(Ann), Wait(1), get(Ann)],
        ),
        case(
            "stale-if-error: the origin is down and nobody notices",
            strong("max-age=10, stale-if-error=600"),
            vec![get(Ann), Wait(60), Break(true), get(Ann), Break(false)],
        ),
        case(
            "must-revalidate: then it is noticed",
            strong("max-age=10, must-revalidate, stale-if-error=600"),
            vec![get(Ann), Wait(60), Break(true), get(Ann), Break(false)],
        ),
        case(
            "max-stale: the client takes it stale",
            strong("max-age=10"),
            vec![get(Ann), Wait(60), asks(Ann, "cache-control", "max-stale=120")],
        ),
    ]
}

/// RFC 9111 §4.4, RFC 9110 §13: writing.
fn writing() -> Vec<Case> {
    let hour = || rules("max-age=3600", Etag::Strong);
    vec![
        case(
            "PUT makes what is stored invalid, but not the other user's",
            hour(),
            vec![get(Ann), get(Ben), Put(Ann, false), get(Ann), get(Ben)],
        ),
        case(
            "two write over what both have read: one change is lost",
            hour(),
            vec![get(Ann), get(Ben), Put(Ann, false), Put(Ben, false)],
        ),
        case(
            "the same with If-Match: 412 tells the second",
            hour(),
            vec![get(Ann), get(Ben), Put(Ann, true), Put(Ben, true)],
        ),
        case("POST: 201 with Location makes that invalid", hour(), vec![get(Ann), Post(Ann), get(Ann)]),
        case(
            "DELETE twice: 204, then 404; it stays deleted",
            rules("max-age=3600", Etag::Strong),
            vec![get(Ann), Delete(Ann), Delete(Ann), get(Ann)],
        ),
    ]
}
