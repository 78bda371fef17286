//! The fields as nginx sends them.
use super::site::SHOP;
use crate::demos::{Export, Knobs};
use crate::recording::Recording;

pub(super) const ALL: &[Export] =
    &[Export { name: "nginx", about: "the redirect and the fields for nginx", extension: "conf", write: nginx }];

fn nginx(knobs: &Knobs, run: &Recording) -> String {
    let seconds = knobs.time("max-age").as_secs();
    let said = match knobs.choice("hsts") {
        "host-only" => format!("max-age={seconds}"),
        "include-subdomains" => format!("max-age={seconds}; includeSubDomains"),
        // hstspreload.org: a year at the least.
        "preloaded" => format!("max-age={}; includeSubDomains; preload", seconds.max(31_536_000)),
        _ => String::new(),
    };
    let hsts = match said.as_str() {
        "" => "    # no Strict-Transport-Security: a first visit in the clear stays possible for ever\n".to_owned(),
        said => format!("    add_header Strict-Transport-Security \"{said}\" always;\n"),
    };
    let measured: String = ["bare", "read", "upgraded", "refused"]
        .iter()
        .filter_map(|name| run.measurement(name))
        .map(|it| format!("# {}: {}\n", it.label, it.value))
        .collect();
    format!(
        "# Inside http {{ }}. In this run:\n{measured}\
         # Raise max-age step by step (300, a week, a month, two years): it cannot be called back from browsers that have it.\n\
         # An add_header in a location replaces all of these: repeat them there, or include them from a file.\n\
         server {{\n    listen 80;\n    server_name {SHOP};\n    return 301 https://$host$request_uri;\n}}\n\
         server {{\n    listen 443 ssl;\n    server_name {SHOP};\n    ssl_certificate service.pem;\n    ssl_certificate_key service.pem;\n{hsts}\
         \x20   add_header X-Content-Type-Options \"nosniff\" always;\n\
         \x20   add_header Content-Security-Policy \"script-src 'self'; frame-ancestors 'self'\" always;\n\
         \x20   add_header Referrer-Policy \"{}\" always;\n\
         \x20   # where an application behind nginx sets the cookie without Secure:\n\
         \x20   proxy_cookie_flags ~ secure httponly;\n    location / {{\n        proxy_pass http://127.0.0.1:8081;\n    }}\n}}\n",
        knobs.choice("referrer"),
    )
}
