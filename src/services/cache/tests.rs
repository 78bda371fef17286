//! The rules of RFC 9111 and RFC 5861, one by one, on a cache without a network.
use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::lab::Lab;
use crate::services::http::{HttpError, Method, Request, Response, StatusCode};

/// 2026-01-01 12:00:00 UTC.
const NOW: u64 = 1_767_268_800;
const BOTH: [Kind; 2] = [Kind::Private, Kind::Shared];

fn ok(fields: &[(&str, &str)]) -> Response {
    let response = Response::ok("text/plain", "hello").with("date", &date::written(NOW));
    fields.iter().fold(response, |response, (name, value)| response.with(name, value))
}

fn get(fields: &[(&str, &str)]) -> Request {
    fields.iter().fold(Request::get("/a"), |request, (name, value)| request.with(name, value))
}

/// A cache that was given that answer to a plain GET at [`NOW`].
fn with(kind: Kind, fields: &[(&str, &str)]) -> Cache {
    given(kind, &[], fields)
}

fn given(kind: Kind, asked: &[(&str, &str)], fields: &[(&str, &str)]) -> Cache {
    let mut cache = Cache::new(kind);
    cache.take(&get(asked), ok(fields), NOW, NOW);
    cache
}

fn word(cache: &mut Cache, request: &Request, after: u64) -> &'static str {
    cache.look_up(request, NOW + after).word()
}

#[test]
fn what_is_fresh_is_served_with_its_age_and_what_is_not_is_asked_for() {
    for kind in BOTH {
        let mut cache = with(kind, &[("cache-control", "max-age=60"), ("etag", "\"1\"")]);
        let Verdict::Fresh { response, .. } = cache.look_up(&get(&[]), NOW + 59) else { panic!("it is fresh") };
        assert_eq!((response.header("age"), &response.body[..]), ("59".to_owned(), &b"hello"[..]));
        let Verdict::Validate { request, .. } = cache.look_up(&get(&[]), NOW + 60) else { panic!("it is stale") };
        assert_eq!(request.header("if-none-match"), "\"1\"");
        assert_eq!(word(&mut cache, &Request::get("/b"), 0), "miss");
    }
}

#[test]
fn the_lifetime_is_that_of_the_first_of_s_maxage_max_age_expires_and_a_tenth() {
    let lifetimes = |fields: &[(&str, &str)]| {
        BOTH.map(|kind| {
            let mut cache = with(kind, &[fields, &[("etag", "\"1\"")]].concat());
            (0..=1000).find(|after| word(&mut cache, &get(&[]), *after) != "hit").expect("it ends")
        })
    };
    let later = |seconds| date::written(NOW + seconds);
    let earlier = |seconds| date::written(NOW - seconds);
    assert_eq!(lifetimes(&[("cache-control", "max-age=60, s-maxage=600")]), [60, 600]);
    assert_eq!(lifetimes(&[("cache-control", "max-age=60"), ("expires", &later(300))]), [60, 60]);
    assert_eq!(lifetimes(&[("expires", &later(300))]), [300, 300]);
    assert_eq!(lifetimes(&[("expires", "0"), ("last-modified", &earlier(1000))]), [0, 0]);
    assert_eq!(lifetimes(&[("last-modified", &earlier(1000))]), [100, 100]);
    assert_eq!(lifetimes(&[]), [0, 0]);
    assert_eq!(lifetimes(&[("cache-control", "max-age=60"), ("age", "20")]), [40, 40]);
    assert_eq!(lifetimes(&[("cache-control", "max-age=60"), ("date", &earlier(50))]), [10, 10]);
}

#[test]
fn who_may_keep_what() {
    let kept =
        |asked: &[(&str, &str)], fields: &[(&str, &str)]| BOTH.map(|kind| given(kind, asked, fields).size() == 1);
    let max_age = ("cache-control", "max-age=60");
    let key = ("authorization", "Bearer x");
    assert_eq!(kept(&[], &[max_age]), [true, true]);
    assert_eq!(kept(&[], &[("cache-control", "no-store, max-age=60")]), [false, false]);
    assert_eq!(kept(&[("cache-control", "no-store")], &[max_age]), [false, false]);
    assert_eq!(kept(&[], &[("cache-control", "private, max-age=60")]), [true, false]);
    assert_eq!(kept(&[], &[("cache-control", "private=\"set-cookie\", max-age=60")]), [true, true]);
    assert_eq!(kept(&[key], &[max_age]), [true, false]);
    for word in ["public, max-age=60", "must-revalidate, max-age=60", "s-maxage=60"] {
        assert!(kept(&[key], &[("cache-control", word), ("etag", "\"1\"")])[1], "{word}");
    }
    assert_eq!(kept(&[], &[max_age, ("vary", "*")]), [false, false]);
    assert_eq!(kept(&[], &[("etag", "\"1\"")]), [true, true]);
    assert_eq!(kept(&[], &[]), [false, false]);
    for (status, expected) in [(404, true), (500, false), (501, true), (206, false), (302, false), (301, true)] {
        let mut cache = Cache::new(Kind::Shared);
        let mut response = ok(&[("last-modified", &date::written(NOW - 1000))]);
        response.status = StatusCode::from_u16(status).expect("a status");
        assert_eq!(cache.take(&get(&[]), response.clone(), NOW, NOW).kept, expected, "{status}");
        let said = cache.take(&get(&[]), response.with("cache-control", "max-age=9"), NOW, NOW);
        assert_eq!(said.kept, status != 206, "{status}: max-age says so");
    }
}

#[test]
fn no_cache_keeps_and_asks_each_time_and_must_revalidate_lets_nobody_serve_stale() {
    let mut cache = with(Kind::Private, &[("cache-control", "no-cache"), ("etag", "W/\"1\"")]);
    assert_eq!(word(&mut cache, &get(&[]), 0), "validate");
    let relaxed = get(&[("cache-control", "max-stale=1000")]);
    let mut plain = with(Kind::Private, &[("cache-control", "max-age=10"), ("etag", "\"1\"")]);
    assert_eq!(word(&mut plain, &relaxed, 500), "stale");
    assert_eq!(word(&mut plain, &get(&[("cache-control", "max-stale=5")]), 500), "validate");
    let mut strict = with(Kind::Private, &[("cache-control", "max-age=10, must-revalidate"), ("etag", "\"1\"")]);
    assert_eq!(word(&mut strict, &relaxed, 500), "validate");
    let shared = &[("cache-control", "s-maxage=10"), ("etag", "\"1\"")];
    assert_eq!(word(&mut with(Kind::Shared, shared), &relaxed, 500), "validate", "s-maxage is proxy-revalidate too");
}

#[test]
fn a_client_may_ask_for_something_younger_or_for_nothing_but_what_is_stored() {
    let mut cache = with(Kind::Private, &[("cache-control", "max-age=60"), ("etag", "\"1\"")]);
    for (asks, expected) in [
        ("max-age=10", "validate"),
        ("max-age=30", "hit"),
        ("min-fresh=50", "validate"),
        ("no-cache", "validate"),
        ("only-if-cached", "hit"),
    ] {
        assert_eq!(word(&mut cache, &get(&[("cache-control", asks)]), 20), expected, "{asks}");
    }
    assert_eq!(word(&mut cache, &get(&[("cache-control", "only-if-cached")]), 70), "refuse");
    assert_eq!(word(&mut Cache::new(Kind::Shared), &get(&[("cache-control", "only-if-cached")]), 0), "refuse");
    assert_eq!(word(&mut cache, &get(&[("pragma", "no-cache")]), 20), "validate");
}

#[test]
fn vary_keeps_answers_apart_and_white_space_does_not() {
    let fields = &[("cache-control", "max-age=60"), ("vary", "Accept-Language, accept-encoding")];
    let mut cache = given(Kind::Shared, &[("accept-language", "de, en")], fields);
    assert_eq!(word(&mut cache, &get(&[("accept-language", "de,en")]), 1), "hit");
    assert_eq!(word(&mut cache, &get(&[("accept-language", "en")]), 1), "miss");
    assert_eq!(word(&mut cache, &get(&[]), 1), "miss");
    cache.take(&get(&[("accept-language", "en")]), ok(fields), NOW, NOW);
    assert_eq!(cache.size(), 2);
}

#[test]
fn a_304_makes_it_fresh_again_with_the_fields_it_brings() {
    let mut cache = with(Kind::Shared, &[("cache-control", "max-age=60"), ("etag", "\"1\"")]);
    let mut answer = ok(&[("cache-control", "max-age=90"), ("etag", "\"1\""), ("date", &date::written(NOW + 100))]);
    answer.status = StatusCode::NOT_MODIFIED;
    answer.body = Default::default();
    let taken = cache.take(&get(&[]), answer.clone(), NOW + 100, NOW + 100);
    assert_eq!((taken.response.status, &taken.response.body[..]), (StatusCode::OK, &b"hello"[..]));
    assert_eq!(word(&mut cache, &get(&[]), 189), "hit");
    assert_eq!(word(&mut cache, &get(&[]), 190), "validate");
    let other = answer.with("etag", "\"2\"");
    assert_eq!(cache.take(&get(&[]), other, NOW, NOW).response.status, StatusCode::NOT_MODIFIED, "of something else");
}

#[test]
fn a_client_that_has_the_same_hears_only_that() {
    let modified = date::written(NOW - 1000);
    let mut cache =
        with(Kind::Shared, &[("cache-control", "max-age=60"), ("etag", "W/\"1\""), ("last-modified", &modified)]);
    for (asked, expected) in [
        (("if-none-match", "\"0\", \"1\""), 304),
        (("if-none-match", "*"), 304),
        (("if-none-match", "\"2\""), 200),
        (("if-modified-since", modified.as_str()), 304),
        (("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT"), 200),
    ] {
        let Verdict::Fresh { response, .. } = cache.look_up(&get(&[asked]), NOW + 1) else { panic!("it is fresh") };
        assert_eq!((response.status.as_u16(), response.body.is_empty()), (expected, expected == 304), "{asked:?}");
    }
}

#[test]
fn an_unsafe_method_that_worked_makes_its_target_and_location_invalid() {
    for (method, status, left) in
        [(Method::PUT, 204, 1), (Method::DELETE, 500, 3), (Method::POST, 201, 1), (Method::GET, 200, 3)]
    {
        let mut cache = Cache::new(Kind::Private);
        for path in ["/a", "/b", "/c"] {
            cache.take(&Request::get(path), ok(&[("cache-control", "max-age=60")]), NOW, NOW);
        }
        let mut answer =
            ok(&[("location", "/b"), ("content-location", "https://other.example/c"), ("cache-control", "max-age=1")]);
        answer.status = StatusCode::from_u16(status).expect("a status");
        cache.take(&Request::new(method.clone(), "/a"), answer, NOW, NOW);
        assert_eq!(cache.size(), left, "{method} {status}");
    }
}

#[test]
fn stale_while_revalidate_serves_and_asks_behind_and_stale_if_error_covers_for_a_broken_origin() {
    let says = "max-age=10, stale-while-revalidate=30, stale-if-error=100";
    let mut cache = with(Kind::Shared, &[("cache-control", says), ("etag", "\"1\"")]);
    let Verdict::Stale { behind: Some(behind), .. } = cache.look_up(&get(&[]), NOW + 40) else {
        panic!("served stale")
    };
    assert_eq!(behind.header("if-none-match"), "\"1\"");
    assert_eq!(word(&mut cache, &get(&[]), 41), "validate");
    assert!(cache.instead_of_error(&get(&[]), NOW + 110).is_some());
    assert!(cache.instead_of_error(&get(&[]), NOW + 111).is_none());
    let strict =
        with(Kind::Shared, &[("cache-control", "max-age=10, must-revalidate, stale-if-error=100"), ("etag", "\"1\"")]);
    assert!(strict.instead_of_error(&get(&[]), NOW + 20).is_none());
}

#[test]
fn the_store_is_bounded_and_what_was_used_last_stays() {
    let mut cache = Cache::new(Kind::Shared);
    for number in 0..1500 {
        cache.take(&Request::get(format!("/{number}")), ok(&[("cache-control", "max-age=60")]), NOW, NOW);
        assert_eq!(word(&mut cache, &Request::get("/0"), 1), "hit");
    }
    assert_eq!(cache.size(), 1000);
    let vary = ok(&[("cache-control", "max-age=60"), ("vary", "x")]);
    for number in 0..1500 {
        cache.take(&get(&[("x", &number.to_string())]), vary.clone(), NOW, NOW);
    }
    assert_eq!(cache.size(), 1000);
}

proptest::proptest! {
    #[test]
    fn any_fields_at_any_time_are_survived_and_nothing_private_is_shared(
        control in "[a-z=,\"0-9 -]{0,40}|(private|no-store|max-age=[0-9]{1,12}|s-maxage=[0-9]{1,3})(, ?(public|no-cache|must-revalidate))?",
        vary in "[a-z*, ]{0,12}", expires in ".{0,30}", age in "[0-9,x]{0,25}", after in proptest::prelude::any::<u64>(),
    ) {
        for kind in BOTH {
            let mut cache = Cache::new(kind);
            let response = ok(&[("cache-control", &control), ("vary", &vary), ("expires", &expires), ("age", &age), ("etag", "\"1\"")]);
            let taken = cache.take(&get(&[]), response, NOW, after);
            let says = Directives::of(&taken.response.headers);
            proptest::prop_assert!(!(taken.kept && (says.has("no-store") || kind == Kind::Shared && says.is_whole("private"))));
            let fresh = cache.look_up(&get(&[]), after.saturating_add(5)).word() == "hit";
            proptest::prop_assert!(!fresh || taken.kept);
        }
    }
}

#[test]
fn a_field_that_is_private_reaches_its_asker_and_is_not_in_the_shared_store() {
    let fields = |control: &str| {
        let control = control.to_owned();
        BOTH.map(|kind| {
            let mut cache = Cache::new(kind);
            let answer = ok(&[("cache-control", &control), ("set-cookie", "a=1"), ("x-own", "1"), ("etag", "\"1\"")]);
            let taken = cache.take(&get(&[]), answer, NOW, NOW);
            assert_eq!(taken.response.header("set-cookie"), "a=1", "the asker gets all of it");
            let Verdict::Fresh { response, .. } = cache.look_up(&get(&[]), NOW) else { panic!("it is fresh") };
            let again = Response::new(StatusCode::NOT_MODIFIED).with("etag", "\"1\"").with("set-cookie", "a=2");
            let freshened = cache.take(&get(&[]), again, NOW, NOW).response;
            assert_eq!(response.header("set-cookie").is_empty(), freshened.header("set-cookie").is_empty());
            response.header("set-cookie") + &response.header("x-own")
        })
    };
    assert_eq!(fields("max-age=60, private=\"Set-Cookie\""), ["a=11", "1"]);
    assert_eq!(fields("max-age=60, no-cache=\"set-cookie, x-own\""), ["", ""]);
}

#[test]
fn a_304_with_two_lines_of_a_field_leaves_both() {
    let mut cache = with(Kind::Private, &[("cache-control", "max-age=1"), ("etag", "\"1\"")]);
    let mut answer = Response::new(StatusCode::NOT_MODIFIED).with("etag", "\"1\"").with("cache-control", "max-age=60");
    answer.headers.append("cache-control", "must-revalidate".parse().expect("a value"));
    let taken = cache.take(&get(&[]), answer, NOW, NOW);
    assert_eq!(taken.response.header("cache-control"), "max-age=60, must-revalidate");
}

#[test]
fn no_cache_is_not_served_in_place_of_an_error() {
    let stale = |control| {
        let cache = with(Kind::Shared, &[("cache-control", control), ("etag", "\"1\"")]);
        cache.instead_of_error(&get(&[]), NOW + 30).is_some()
    };
    assert!(stale("max-age=10, stale-if-error=60"));
    assert!(!stale("no-cache, stale-if-error=60"));
}

#[test]
fn what_is_of_one_connection_is_neither_passed_on_nor_kept() {
    let mut cache = Cache::new(Kind::Shared);
    let of_one =
        [("connection", "close, X-Hop"), ("x-hop", "1"), ("keep-alive", "timeout=5"), ("cache-control", "max-age=60")];
    let taken = cache.take(&get(&[]), ok(&of_one), NOW, NOW);
    let Verdict::Fresh { response, .. } = cache.look_up(&get(&[]), NOW) else { panic!("it is fresh") };
    for it in [taken.response, response] {
        let left = ["connection", "x-hop", "keep-alive"].map(|name| it.header(name));
        assert_eq!((left.concat(), it.header("cache-control")), (String::new(), "max-age=60".to_owned()));
    }
}

/// Answers the first request with these fields, and none after it.
struct Once(std::cell::Cell<Option<Response>>);

impl Upstream for Once {
    async fn send(&self, _: Request) -> Result<Response, HttpError> {
        self.0.take().ok_or(HttpError::Time(Duration::from_secs(30)))
    }
}

#[test]
fn without_an_answer_what_may_not_be_used_unasked_is_504_what_is_not_there_502_and_the_rest_stale() {
    for (fields, status, why) in [
        (Some("max-age=1, must-revalidate"), 504, "504, as what is stored may not be used unasked: must-revalidate"),
        (None, 502, "502 (RFC 9110 §15.6.3)"),
        (Some("max-age=1, stale-if-error=60"), 200, "the stale one is served instead, stale-if-error (RFC 5861 §4)"),
    ] {
        let mut lab = Lab::new(1, &[]);
        let host = lab.host("cache").address("10.0.0.1/24").add();
        let net = lab.net(host);
        let answers = lab.run(async {
            let next = Rc::new(Once(fields.map(|it| ok(&[("cache-control", it)])).into()));
            let cache = Caching::new(&net, Kind::Shared, (NOW, &Rc::default()), &next);
            if fields.is_some() {
                assert_eq!(cache.answer(get(&[])).await.status, StatusCode::OK);
                net.sleep(Duration::from_secs(5)).await;
            }
            let answer = cache.answer(get(&[])).await;
            (answer.status.as_u16(), cache.told().pop().and_then(|it| it.answer).map(|it| it.1).unwrap_or_default())
        });
        let (got, told) = answers.expect("it ends");
        assert_eq!(got, status, "{fields:?}: {told}");
        assert!(told.contains(why), "{fields:?}: {told}");
    }
}
