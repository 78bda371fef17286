//! Who is protected by what, and when it is too late.
use std::collections::BTreeMap;

use crate::demos::{self, Setup};
use crate::recording::Recording;

fn played(settings: &[(&str, &str)]) -> Recording {
    let settings: BTreeMap<_, _> = settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
    demos::run("security-headers", &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs")
}

fn values<const N: usize>(settings: &[(&str, &str)], names: [&str; N]) -> [i64; N] {
    let run = played(settings);
    names.map(|name| run.measurement(name).unwrap_or_else(|| panic!("no {name}")).value.value)
}

/// Password or session in the clear, read by the middle, upgraded, refused.
fn transport(more: &[(&str, &str)]) -> [i64; 4] {
    let settings = [&[("case", "transport")], more].concat();
    values(&settings, ["bare", "read", "upgraded", "refused"])
}

#[test]
fn a_first_visit_in_the_hotspot_has_no_chance_unless_the_browser_was_shipped_with_the_name() {
    let [bare, read, upgraded, refused] = transport(&[("first", "in-the-hotspot")]);
    assert!(bare > 0 && read > 0, "{bare} {read}");
    assert_eq!((upgraded, refused), (0, 0), "stripped: the browser never heard of it");
    let [bare, read, upgraded, refused] = transport(&[("first", "in-the-hotspot"), ("hsts", "preloaded")]);
    assert_eq!((bare, read), (0, 0));
    assert!(upgraded > 0 && refused > 0);
}

#[test]
fn what_was_learnt_at_home_holds_in_the_hotspot_until_its_time_is_over() {
    let [bare, read, upgraded, refused] = transport(&[]);
    assert_eq!((bare, read), (0, 0));
    assert!(upgraded >= 2 && refused >= 3, "{upgraded} {refused}");
    for late in [&[("max-age", "600s"), ("gap", "700s")][..], &[("max-age", "0ms")], &[("hsts", "none")]] {
        let [bare, read, _, refused] = transport(late);
        assert!(bare > 0 && read > 0, "{late:?}: {bare} {read}");
        assert_eq!(refused, 0, "{late:?}");
    }
}

#[test]
fn a_name_below_is_covered_only_if_the_field_says_so() {
    let clear = |hsts| values(&[("case", "transport"), ("hsts", hsts)], ["clear", "middle"]);
    // At home the first request is in the clear; then the redirect.
    assert_eq!(clear("include-subdomains"), [1, 0]);
    let [in_the_clear, middle] = clear("host-only");
    assert!(in_the_clear > 1 && middle > 0, "pay.shop.example is come to by http");
}

#[test]
fn a_warning_can_be_clicked_away_where_nothing_was_learnt() {
    let names = ["clicked_away", "turned_back", "refused"];
    let user = |user| values(&[("case", "transport"), ("hsts", "none"), ("user", user)], names);
    assert_eq!(user("clicks-it-away"), [1, 0, 0]);
    assert_eq!(user("turns-back"), [0, 1, 0]);
}

#[test]
fn each_field_changes_what_it_is_for() {
    for (case, field) in [
        ("sniffing", "sniffing"),
        ("scripts", "scripts"),
        ("framing", "framing"),
        ("referrer", "referrer"),
        ("cookie", "cookie"),
    ] {
        let names = [format!("{field}_without"), format!("{field}_with")];
        let did = values(&[("case", case), ("referrer", "no-referrer")], [&names[0], &names[1]]);
        // No browser tells another site the whole address unless it is told to.
        let without = i64::from(case != "referrer");
        assert_eq!(did, [without, 0], "{case}");
    }
    let told =
        |policy| values(&[("case", "referrer"), ("referrer", policy)], ["referrer_site_without", "referrer_site_with"]);
    assert_eq!([told("no-referrer"), told("strict-origin")], [[1, 0], [1, 1]]);
    let unsafe_url = values(&[("case", "referrer"), ("referrer", "unsafe-url")], ["referrer_without", "referrer_with"]);
    assert_eq!(unsafe_url, [0, 1]);
    assert_eq!(values(&[("case", "scripts")], ["blocked"]), [1]);
}
