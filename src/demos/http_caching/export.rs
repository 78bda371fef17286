//! The case as other programs take it: requests for curl, an nginx that caches, a Varnish that does.
use super::cases::{self, Act, Case};
use super::openapi::openapi;
use super::origin::Etag;
use crate::demos::{Export, Knobs};
use crate::recording::Recording;

pub(super) const ALL: &[Export] = &[
    Export { name: "curl", about: "the requests of this run as a shell script", extension: "sh", write: curl },
    Export {
        name: "nginx",
        about: "nginx as a shared cache, as near to these rules as it comes",
        extension: "conf",
        write: nginx,
    },
    Export {
        name: "vcl",
        about: "Varnish as a shared cache, as near to these rules as it comes",
        extension: "vcl",
        write: vcl,
    },
    Export {
        name: "openapi",
        about: "the resources, their methods and answers as OpenAPI 3.1",
        extension: "yaml",
        write: openapi,
    },
];

/// What stands before the requests: HOST, and a pause for what is done at the origin.
const HEAD: &str = "#!/bin/sh\n\
    # The requests of this run. HOST is a cache in front of your origin; the comments say what that answers at each path.\n\
    # curl itself keeps nothing: what ann's and ben's own caches answered here goes to HOST.\n\
    # An ETag in a request is the one of this run: put your origin's in its place.\n\
    HOST=${HOST:-http://127.0.0.1:8080}\n\
    at_origin() {\n    printf '# at the origin, now: %s; then Enter: ' \"$1\"\n    read -r _\n}\n";

fn curl(knobs: &Knobs, run: &Recording) -> String {
    let cases = cases::chosen(knobs);
    let waits = |it: &Act| if let Act::Wait(seconds) = it { *seconds } else { 0 };
    let waited: u64 = cases.iter().flat_map(|it| &it.acts).map(waits).sum();
    let mut text = format!("{HEAD}# Where this run moved its clocks the script sleeps: {waited} s in all.\n");
    let Some(table) = run.table("requests") else { return text };
    let place = |name: &str| table.columns.iter().position(|it| it.name == name).unwrap_or_default();
    let columns = ["who", "asked", "status"].map(place);
    let mut rows = table.rows.iter();
    for (number, case) in (1..).zip(&cases) {
        text.push_str(&format!("\n# case {number}: {}\n{}", case.name, answers(number, case)));
        for act in &case.acts {
            match act {
                Act::Wait(seconds) => text.push_str(&format!("sleep {seconds}\n")),
                Act::Change => text.push_str(&format!("at_origin 'a new version of /{number}'\n")),
                Act::Break(true) => text.push_str(&format!("at_origin '/{number} answers 503'\n")),
                Act::Break(false) => text.push_str(&format!("at_origin '/{number} answers as before'\n")),
                Act::Get(..) | Act::Put(..) | Act::Post(_) | Act::Delete(_) => {
                    // A run that was ended early has fewer.
                    let Some(row) = rows.next() else { return text };
                    let [who, asked, status] = columns.map(|it| row.cells[it].to_string());
                    text.push_str(&format!("echo '# case {number}, {who}'\n{}", command(&asked, &status)));
                }
            }
        }
    }
    text
}

/// What the origin has to answer at a case's path, as comments.
fn answers(number: usize, case: &Case) -> String {
    let rules = &case.rules;
    let mut text = format!("# The origin answers /{number} with\n");
    for (name, value) in &rules.fields {
        text.push_str(&format!("#   {name}: {value}\n"));
    }
    match rules.etag {
        Etag::Strong => text.push_str("#   etag: \"v1\", and another one for each version and language\n"),
        Etag::Weak => text.push_str("#   etag: W/\"v1\", and another one for each version and language\n"),
        Etag::None => text.push_str("#   no etag\n"),
    }
    if let Some(before) = rules.modified_before {
        text.push_str(&format!("#   last-modified: {before} s or more before now, the same each time\n"));
    }
    text
}

/// A row's request in parts: its method, its path, its fields.
pub(super) fn request(asked: &str) -> (&str, &str, &str) {
    let (request, fields) = asked.split_once(", ").unwrap_or((asked, ""));
    let (method, path) = request.split_once(' ').unwrap_or(("GET", "/"));
    (method, path, fields)
}

fn command(asked: &str, status: &str) -> String {
    let (method, path, fields) = request(asked);
    let fields: String = headers(fields).iter().map(|it| format!(" -H {}", quoted(it))).collect();
    let body = match method {
        "PUT" => " --data-binary 'a new version'",
        "POST" => " --data-binary 'more'",
        _ => "",
    };
    format!("curl -si -X {method}{fields}{body} \"$HOST{path}\" | head -n 20 # here: {status}\n")
}

/// `name: value, name: value` in parts: a comma before a name and a colon begins a new one.
pub(super) fn headers(fields: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for part in fields.split(", ").filter(|it| !it.is_empty()) {
        match all.last_mut() {
            Some(last) if !part.contains(": ") => last.push_str(&format!(", {part}")),
            _ => all.push(part.to_owned()),
        }
    }
    all
}

/// In single quotes, for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The window of stale-while-revalidate, and that of stale-if-error, in seconds.
fn windows(control: &str) -> [Option<u64>; 2] {
    ["stale-while-revalidate=", "stale-if-error="]
        .map(|name| control.split(name).nth(1).and_then(|it| it.split(',').next()?.trim().parse().ok()))
}

fn nginx(knobs: &Knobs, run: &Recording) -> String {
    let ratio = run.measurement("hit_ratio").map(|it| format!("# {}: {} ({})\n", it.label, it.value, it.how));
    // nginx takes max-age, s-maxage, private, no-store and the window of stale-while-revalidate from the answer itself.
    let stale = match windows(knobs.choice("cache-control")) {
        [Some(_), _] => {
            "        # the window of stale-while-revalidate comes from the answer (nginx 1.11.10 and later)\n        proxy_cache_background_update on;\n"
        }
        [None, Some(_)] => {
            "        # nginx sets no window here: it serves the stale answer instead of an error for as long as it has it\n        proxy_cache_use_stale error timeout http_500 http_502 http_503 http_504;\n"
        }
        [None, None] => "",
    };
    format!(
        "{}proxy_cache_path /var/cache/nginx/roundtrip levels=1:2 keys_zone=roundtrip:10m max_size=1g inactive=60m use_temp_path=off;\n\
         # an answer to a request with Authorization is kept only where it says that it may be (RFC 9111 section 3.5)\n\
         map $upstream_http_cache_control $for_all {{\n    default 0;\n    \"~*(^|[ ,])(public|must-revalidate|s-maxage=)\" 1;\n}}\n\
         map $for_all$http_authorization $only_theirs {{\n    default 1;\n    0 0;\n    ~^1 0;\n}}\n\
         upstream origin {{\n    server 127.0.0.1:8081;\n    keepalive 16;\n}}\n\
         server {{\n    listen 8080;\n    location / {{\n        proxy_pass http://origin;\n        proxy_http_version 1.1;\n        proxy_set_header Connection \"\";\n\
         \x20       proxy_cache roundtrip;\n        proxy_cache_key $scheme$host$request_uri;\n        proxy_cache_revalidate on;\n        proxy_cache_lock on;\n\
         \x20       proxy_no_cache $only_theirs;\n{stale}\
         \x20       add_header X-Cache-Status $upstream_cache_status always;\n    }}\n}}\n",
        ratio.unwrap_or_default(),
    )
}

fn vcl(knobs: &Knobs, _: &Recording) -> String {
    let [revalidate, error] = windows(knobs.choice("cache-control"));
    let (well, longest) = (revalidate.unwrap_or(0), revalidate.max(error).unwrap_or(0));
    // Grace alone is stale-while-revalidate: it serves stale while the origin is well, too.
    let [import, probe, recv] = if error.is_some() {
        [
            "import std;\n\n".to_owned(),
            "    # without a probe Varnish holds every backend for healthy\n    .probe = {\n        .url = \"/\";\n        .interval = 2s;\n    }\n".to_owned(),
            format!(
                "sub vcl_recv {{\n    # stale-if-error counts only while the probe fails; a single 5xx of an origin that is well is passed on\n\
                 \x20   if (std.healthy(req.backend_hint)) {{\n        set req.grace = {well}s;\n    }}\n}}\n\n"
            ),
        ]
    } else {
        Default::default()
    };
    format!(
        "vcl 4.1;\n\n{import}backend origin {{\n    .host = \"127.0.0.1\";\n    .port = \"8081\";\n{probe}}}\n\n\
         # The builtin VCL passes every request with Authorization or Cookie by the cache, also where the answer is for all.\n{recv}\
         sub vcl_backend_response {{\n    # max-age and s-maxage count by themselves; Varnish does not obey these (its builtin VCL does some)\n\
         \x20   if (beresp.http.Cache-Control ~ \"(?i)(private|no-store)\") {{\n        set beresp.uncacheable = true;\n    }}\n\
         \x20   # the longest that anything may be served stale\n    set beresp.grace = {longest}s;\n\
         \x20   if (beresp.http.Cache-Control ~ \"(?i)no-cache\") {{\n        # kept for asking, never fresh\n        set beresp.ttl = 0s;\n        set beresp.grace = 0s;\n        set beresp.keep = 1h;\n    }}\n\
         }}\n\nsub vcl_deliver {{\n    set resp.http.X-Cache = \"miss\";\n    if (obj.hits > 0) {{\n        set resp.http.X-Cache = \"hit\";\n    }}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_stay_whole_and_quotes_are_safe() {
        assert_eq!(headers("accept: a, b, if-match: \"1\", \"2\""), ["accept: a, b", "if-match: \"1\", \"2\""]);
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }

    fn exported(name: &str, settings: &[(&str, &str)]) -> String {
        let demo = &crate::demos::http_caching::DEMO;
        let knobs = Knobs::with(demo.knobs, settings.iter().copied()).expect("they are allowed");
        let run = (demo.run)(&knobs, &crate::demos::Setup::default());
        let export = ALL.iter().find(|it| it.name == name).expect("there is one");
        (export.write)(&knobs, &run)
    }

    #[test]
    fn the_two_windows_of_what_is_stale_are_told_apart() {
        let [revalidate, error] = ["max-age=10, stale-while-revalidate=120", "max-age=10, stale-if-error=600"]
            .map(|it| ["vcl", "nginx"].map(|name| exported(name, &[("cases", "one"), ("cache-control", it)])));
        assert!(revalidate[0].contains("set beresp.grace = 120s") && !revalidate[0].contains("req.grace"));
        assert!(error[0].contains("set beresp.grace = 600s") && error[0].contains("set req.grace = 0s"));
        assert!(revalidate[1].contains("background_update on") && !revalidate[1].contains("use_stale"));
        assert!(error[1].contains("use_stale error timeout http_500") && !error[1].contains("updat"));
    }

    #[test]
    fn the_script_says_who_asks_what_the_origin_answers_and_lets_time_pass() {
        let script = exported("curl", &[("cases", "all")]);
        for line in [
            "echo '# case 6, ann'",
            "#   vary: accept-language",
            "sleep 60",
            "at_origin 'a new version of /14'",
            "#   cache-control: max-age=10, stale-if-error=600",
        ] {
            assert!(script.contains(line), "{line}\n{script}");
        }
        let requests = script.lines().filter(|it| it.starts_with("curl ")).count();
        assert_eq!(
            requests,
            cases::all()
                .iter()
                .flat_map(|it| &it.acts)
                .filter(|it| !matches!(it, Act::Wait(_) | Act::Change | Act::Break(_)))
                .count()
        );
    }
}
