//! Early hints as servers are told to send them.
use super::links;
use crate::demos::{Export, Knobs};
use crate::recording::Recording;

pub(super) const ALL: &[Export] = &[
    Export { name: "link", about: "the Link fields of this page", extension: "txt", write: link },
    Export {
        name: "nginx",
        about: "nginx 1.29 or later: passes an application's 103 on",
        extension: "conf",
        write: nginx,
    },
];

fn link(_: &Knobs, _: &Recording) -> String {
    links().iter().map(|it| format!("Link: {it}\n")).collect()
}

fn nginx(_: &Knobs, run: &Recording) -> String {
    let measured =
        run.measurement("gained").map(|it| format!("# {}: {} in this run ({})\n", it.label, it.value, it.how));
    format!(
        "{}# The application behind it answers 103 with these fields:\n{}\
         # Only navigations get them, and only over HTTP/2 and HTTP/3: some clients of HTTP/1.1 misread a 103 (RFC 8297 section 3).\n\
         map $http_sec_fetch_mode $early_hints {{\n    navigate $http2$http3;\n}}\n\
         server {{\n    location / {{\n        early_hints $early_hints;\n        proxy_pass http://127.0.0.1:8081;\n    }}\n}}\n",
        measured.unwrap_or_default(),
        links().iter().map(|it| format!("#   Link: {it}\n")).collect::<String>(),
    )
}
