//! Colours by role: a view says what a thing is, the theme says how that looks.
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use toml::Spanned;

use crate::content::SourceFile;

/// How each role looks. Meaning is never by colour alone: views add a word or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    pub name: String,
    pub text: Style,
    pub dim: Style,
    pub title: Style,
    pub strong: Style,
    pub accent: Style,
    pub border: Style,
    /// The border of the pane that has the keys.
    pub focus: Style,
    /// The row or thing under the cursor.
    pub selected: Style,
    /// What a lesson or a selection points at.
    pub lit: Style,
    pub code: Style,
    pub link: Style,
    /// A key in the footer.
    pub key: Style,
    pub good: Style,
    pub bad: Style,
    pub warn: Style,
    /// Packets, layers and curves of the first, second, ... kind.
    pub hues: [Style; 6],
}

/// The file: one line a role, `"#c0caf5 on #16161e bold"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    text: Spanned<String>,
    dim: Spanned<String>,
    title: Spanned<String>,
    strong: Spanned<String>,
    accent: Spanned<String>,
    border: Spanned<String>,
    focus: Spanned<String>,
    selected: Spanned<String>,
    lit: Spanned<String>,
    code: Spanned<String>,
    link: Spanned<String>,
    key: Spanned<String>,
    good: Spanned<String>,
    bad: Spanned<String>,
    warn: Spanned<String>,
    hues: [Spanned<String>; 6],
}

/// The themes that ship with the program.
pub const NAMES: [&str; 4] = ["dark", "light", "ansi", "mono"];

impl Theme {
    /// A theme that ships with the program.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let text = match name {
            "dark" => include_str!("../../assets/themes/dark.toml"),
            "light" => include_str!("../../assets/themes/light.toml"),
            "ansi" => include_str!("../../assets/themes/ansi.toml"),
            "mono" => include_str!("../../assets/themes/mono.toml"),
            _ => return None,
        };
        Some(Self::read(name, text).expect("the themes that ship are tested"))
    }

    /// The theme a terminal's environment asks for, when neither flag nor configuration names one.
    #[must_use]
    pub fn for_terminal(variable: impl Fn(&str) -> Option<String>) -> &'static str {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let is = |name: &str, wanted: &[&str]| variable(name).is_some_and(|it| wanted.contains(&it.as_str()));
        // https://no-color.org: present and not empty, whatever its value.
        if is_set("NO_COLOR") || is("TERM", &["dumb", "vt100"]) {
            return "mono";
        }
        if !is("COLORTERM", &["truecolor", "24bit"]) {
            return "ansi";
        }
        let background = variable("COLORFGBG").and_then(|it| it.rsplit(';').next().map(str::to_owned));
        if background.is_some_and(|it| it == "7" || it == "15") { "light" } else { "dark" }
    }

    /// A theme from its file.
    ///
    /// # Errors
    /// `name:line:column` and what to write, for a person.
    pub fn read(name: &str, text: &str) -> Result<Self, String> {
        let file = SourceFile::new(name, text.to_owned());
        let at = |offset: usize, what: &str| format!("{name}:{}:{}: {what}", file.line(offset), file.column(offset));
        let unread = |error: toml::de::Error| at(error.span().map_or(0, |span| span.start), error.message());
        let raw: Raw = toml::from_str(text).map_err(unread)?;
        let of = |text: &Spanned<String>| style(text.get_ref()).map_err(|error| at(text.span().start, &error));
        let base = of(&raw.text)?;
        let over = |text: &Spanned<String>| of(text).map(|it| base.patch(it));
        let [a, b, c, d, e, f] = &raw.hues;
        Ok(Self {
            name: name.to_owned(),
            text: base,
            dim: over(&raw.dim)?,
            title: over(&raw.title)?,
            strong: over(&raw.strong)?,
            accent: over(&raw.accent)?,
            border: over(&raw.border)?,
            focus: over(&raw.focus)?,
            selected: over(&raw.selected)?,
            lit: over(&raw.lit)?,
            code: over(&raw.code)?,
            link: over(&raw.link)?,
            key: over(&raw.key)?,
            good: over(&raw.good)?,
            bad: over(&raw.bad)?,
            warn: over(&raw.warn)?,
            hues: [over(a)?, over(b)?, over(c)?, over(d)?, over(e)?, over(f)?],
        })
    }

    /// A colour for a protocol layer, by its filter name.
    #[must_use]
    pub fn layer(&self, name: &str) -> Style {
        let index = match name {
            "eth" | "vlan" => 0,
            "arp" => 1,
            "ip" | "ipv6" => 2,
            "icmp" | "icmpv6" => 1,
            "tcp" => 3,
            "udp" => 4,
            _ => 5,
        };
        self.hues[index]
    }
}

fn style(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut background = false;
    for word in text.split_whitespace() {
        style = match word {
            "on" => {
                background = true;
                continue;
            }
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "italic" => style.add_modifier(Modifier::ITALIC),
            "underline" => style.add_modifier(Modifier::UNDERLINED),
            "reverse" => style.add_modifier(Modifier::REVERSED),
            colour => {
                let colour: Color =
                    colour.parse().map_err(|_| format!("`{colour}` is no colour: write #rrggbb, red, reset ..."))?;
                if background { style.bg(colour) } else { style.fg(colour) }
            }
        };
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_that_ships_can_be_read() {
        for name in NAMES {
            assert!(Theme::named(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_wrong_colour_is_named() {
        let error = style("#12 bold").expect_err("no colour");
        assert!(error.contains("`#12`"), "{error}");
    }

    #[test]
    fn the_terminal_chooses() {
        let with = |name: &'static str, value: &'static str| {
            Theme::for_terminal(move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(with("NO_COLOR", "1"), "mono");
        assert_eq!(with("COLORTERM", "truecolor"), "dark");
        assert_eq!(with("TERM", "xterm"), "ansi");
    }
}
