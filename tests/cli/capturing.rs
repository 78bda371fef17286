//! `capture` before it captures: what is asked, and what is refused. Packets are captured in `tests/capture`.
use std::fs;

use serde_json::Value;

use crate::listed::keys;
use crate::tutor::{Home, words};

#[test]
fn without_a_name_the_interfaces_are_listed() {
    let home = Home::new();
    let all: Value = home.run(&words("capture --json")).code(0).no_message().json();
    let all = all.as_array().expect("a list");
    let loopback = |it: &&Value| it["addresses"].as_array().expect("a list").iter().any(|it| it == "127.0.0.1/8");
    let loopback = all.iter().find(loopback).expect("any machine that runs tests has one");
    assert_eq!(keys(loopback), "name state mac addresses".split(' ').collect());
    assert_eq!((&loopback["state"], &loopback["mac"]), (&Value::from("up"), &Value::Null));
    let list = home.run(&["capture"]).code(0).no_message().stdout();
    assert_eq!(list.lines().count(), all.len());
    for it in all {
        let name = it["name"].as_str().expect("a text");
        assert!(list.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}: {list}");
    }
}

#[test]
fn an_interface_that_is_not_there_is_named_with_those_that_are() {
    let home = Home::new();
    let all: Value = home.run(&words("capture --json")).code(0).json();
    let known = all[0]["name"].as_str().expect("a name").to_owned();
    let like = format!("{known}x");
    let ended = home.run(&["capture", &like]);
    ended
        .code(2)
        .no_result()
        .warns(&format!("there is no interface {like}; did you mean {known}"))
        .warns("there are: ");
    home.run(&["capture", "\u{1b}[2J"]).code(2).no_result().warns("there is no interface \\x1b[2J");
}

#[test]
fn what_cannot_be_meant_is_said_before_any_right_is_asked_for() {
    let home = Home::new();
    let refused = |line: &str, why: &str| {
        home.run(&words(line)).code(2).no_result().warns(why);
    };
    refused("capture nosuch0 --filter tcp.prot==80", "--filter: column 1: there is no field or protocol `tcp.prot`");
    refused("capture nosuch0 --fields ip.sr", "--fields: column 1: there is no field or protocol `ip.sr`");
    refused("capture nosuch0 --for soon", "--for: `soon");
    refused("capture nosuch0 --for 0", "--for: a capture lasts longer than 0");
    refused("capture nosuch0 --count 0", "--count");
    refused("capture --count 3", "<INTERFACE>");
    refused("capture nosuch0 --write a.pcapng --json", "cannot be used with");
    let there = home.file("there.pcapng", "mine");
    refused("capture nosuch0 --write there.pcapng", "there.pcapng is there already: name another file");
    assert_eq!(fs::read(there).expect("still there"), b"mine");
}
