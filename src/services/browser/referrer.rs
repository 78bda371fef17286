//! Referrer-Policy: how much of a page's address its requests tell in Referer. W3C, Referrer Policy §3, §8.
use super::{origin, same_origin};
use crate::services::visit::Page;

/// The policies, by their names in the header field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    NoReferrer,
    NoReferrerWhenDowngrade,
    SameOrigin,
    Origin,
    StrictOrigin,
    OriginWhenCrossOrigin,
    /// What holds where nothing is said.
    #[default]
    StrictOriginWhenCrossOrigin,
    UnsafeUrl,
}

const NAMES: [(&str, Policy); 8] = [
    ("no-referrer", Policy::NoReferrer),
    ("no-referrer-when-downgrade", Policy::NoReferrerWhenDowngrade),
    ("same-origin", Policy::SameOrigin),
    ("origin", Policy::Origin),
    ("strict-origin", Policy::StrictOrigin),
    ("origin-when-cross-origin", Policy::OriginWhenCrossOrigin),
    ("strict-origin-when-cross-origin", Policy::StrictOriginWhenCrossOrigin),
    ("unsafe-url", Policy::UnsafeUrl),
];

/// A longer one is cut to the origin (§8.3, step 4).
const LONGEST: usize = 4096;

impl Policy {
    /// The last name of a header field that is known; the default where none is.
    #[must_use]
    pub fn read(value: &str) -> Self {
        let known = |name: &str| NAMES.iter().find(|it| it.0.eq_ignore_ascii_case(name.trim())).map(|it| it.1);
        value.split(',').rev().find_map(known).unwrap_or_default()
    }

    /// What a request of one page to another tells, if anything.
    #[must_use]
    pub fn referer(self, from: &Page, to: &Page) -> Option<String> {
        let own = same_origin(from, to);
        let is_downgrade = from.secure && !to.secure;
        let whole = match self {
            Self::NoReferrer => return None,
            Self::NoReferrerWhenDowngrade | Self::StrictOrigin | Self::StrictOriginWhenCrossOrigin if is_downgrade => {
                return None;
            }
            Self::SameOrigin if !own => return None,
            Self::Origin | Self::StrictOrigin => false,
            Self::OriginWhenCrossOrigin | Self::StrictOriginWhenCrossOrigin => own,
            Self::SameOrigin | Self::NoReferrerWhenDowngrade | Self::UnsafeUrl => true,
        };
        let text = from.to_string();
        Some(if whole && text.len() <= LONGEST { text } else { origin(from).to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_tells_as_much_as_it_says() {
        let page = |text: &str| text.parse::<Page>().expect("a page");
        let from = page("https://shop.example/reset?token=x");
        let to = ["https://shop.example/a", "https://other.example/", "http://other.example/"].map(page);
        let told = |policy: &str| {
            to.each_ref().map(|to| match Policy::read(policy).referer(&from, to).as_deref() {
                None => '-',
                Some("https://shop.example/") => 'o',
                Some("https://shop.example/reset?token=x") => 'f',
                Some(other) => panic!("{other}"),
            })
        };
        for (policy, expected) in [
            ("no-referrer", ['-', '-', '-']),
            ("no-referrer-when-downgrade", ['f', 'f', '-']),
            ("same-origin", ['f', '-', '-']),
            ("origin", ['o', 'o', 'o']),
            ("strict-origin", ['o', 'o', '-']),
            ("origin-when-cross-origin", ['f', 'o', 'o']),
            ("strict-origin-when-cross-origin", ['f', 'o', '-']),
            ("unsafe-url", ['f', 'f', 'f']),
            ("", ['f', 'o', '-']),
            ("no-referrer, Unsafe-URL, of-tomorrow", ['f', 'f', 'f']),
        ] {
            assert_eq!(told(policy), expected, "{policy}");
        }
    }
}
