//! The resources of a run as an API's description: methods, their conditional fields, the answers that were seen (OpenAPI 3.1).
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::cases::{self, Case};
use super::export::{headers, request};
use crate::demos::Knobs;
use crate::recording::Recording;

/// What was asked of a path with one method.
#[derive(Default)]
struct Operation {
    fields: BTreeSet<String>,
    statuses: BTreeSet<u16>,
}

/// A text of YAML in double quotes, which are those of JSON (YAML 1.2 §7.3.1).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The description as YAML.
pub(super) fn openapi(knobs: &Knobs, run: &Recording) -> String {
    let operations = operations(run);
    let mut text = String::from(
        "openapi: 3.1.0\ninfo:\n  title: What this run asked for\n  version: \"1\"\n  description: >-\n    \
         The statuses are those that its clients saw, from the origin or from a cache before it.\npaths:\n",
    );
    for (number, case) in (1..).zip(cases::chosen(knobs)) {
        let path = format!("/{number}");
        let own = operations.range((path.clone(), String::new())..).take_while(|((at, _), _)| *at == path);
        for (position, ((_, method), operation)) in own.enumerate() {
            if position == 0 {
                writeln!(text, "  {path}:\n    summary: {}", quoted(&case.name)).expect("a String takes all text");
            }
            self::operation(&mut text, &method.to_ascii_lowercase(), operation, &case);
        }
    }
    if operations.values().any(|it| it.fields.contains("authorization")) {
        text.push_str("components:\n  securitySchemes:\n    bearer:\n      type: http\n      scheme: bearer\n");
    }
    text
}

/// By path and method.
fn operations(run: &Recording) -> BTreeMap<(String, String), Operation> {
    let mut all = BTreeMap::<(String, String), Operation>::new();
    let Some(table) = run.table("requests") else { return all };
    let place = |name: &str| table.columns.iter().position(|it| it.name == name).unwrap_or_default();
    let [asked, status] = ["asked", "status"].map(place);
    for row in &table.rows {
        let [asked, status] = [asked, status].map(|it| row.cells[it].to_string());
        let (method, path, fields) = request(&asked);
        let operation = all.entry((path.to_owned(), method.to_owned())).or_default();
        let name = |it: &String| Some(it.split_once(": ")?.0.to_owned());
        operation.fields.extend(headers(fields).iter().filter_map(name));
        operation.statuses.extend(status.split(' ').next().and_then(|it| it.parse::<u16>().ok()));
    }
    all
}

fn operation(text: &mut String, method: &str, operation: &Operation, case: &Case) {
    let mut line = |it: String| text.push_str(&(it + "\n"));
    line(format!("    {method}:"));
    // These three are no parameters (OpenAPI 3.1 §4.8.12.2).
    let parameters = |it: &&String| !matches!(it.as_str(), "accept" | "content-type" | "authorization");
    for (position, name) in operation.fields.iter().filter(parameters).enumerate() {
        if position == 0 {
            line("      parameters:".to_owned());
        }
        line(format!("        - name: {name}\n          in: header\n          schema:\n            type: string"));
    }
    if operation.fields.contains("authorization") {
        line("      security:\n        - bearer: []".to_owned());
    }
    if matches!(method, "put" | "post") {
        line("      requestBody:\n        content:\n          text/plain:\n            schema:\n              type: string".to_owned());
    }
    line("      responses:".to_owned());
    for status in &operation.statuses {
        let known = hyper::StatusCode::from_u16(*status).ok().and_then(|it| it.canonical_reason());
        line(format!("        \"{status}\":\n          description: {}", quoted(known.unwrap_or("as it is"))));
        // What the origin says of keeping it stands with what may be kept.
        if method == "get" && *status == 200 && !case.rules.fields.is_empty() {
            line("          headers:".to_owned());
            for (name, value) in &case.rules.fields {
                line(format!(
                    "            {name}:\n              schema:\n                type: string\n              example: {}",
                    quoted(value)
                ));
            }
        }
    }
}
