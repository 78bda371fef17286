//! `man`: one manual page, every subcommand and every demo's knobs in it.
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::arguments;

/// The page as roff.
pub(super) fn page() -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let command = arguments::command();
    let main = Man::new(command.clone().disable_help_subcommand(true));
    main.render_title(&mut page)?;
    main.render_name_section(&mut page)?;
    main.render_synopsis_section(&mut page)?;
    main.render_description_section(&mut page)?;
    main.render_options_section(&mut page)?;
    heading("COMMANDS").to_writer(&mut page)?;
    for sub in command.get_subcommands() {
        describe(&mut page, "roundtrip", sub)?;
    }
    heading("FILES AND EXIT CODES").to_writer(&mut page)?;
    let mut rest = Roff::default();
    rest.control("nf", []);
    let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    for line in text.lines() {
        rest.text([roman(line)]);
    }
    rest.control("fi", []);
    rest.to_writer(&mut page)?;
    Ok(page)
}

fn heading(text: &str) -> Roff {
    let mut roff = Roff::default();
    roff.control("SH", [text]);
    roff
}

/// A subcommand with its own flags, then those below it.
fn describe(page: &mut Vec<u8>, above: &str, command: &Command) -> std::io::Result<()> {
    let name = format!("{above} {}", command.get_name());
    let mut roff = Roff::default();
    roff.control("SS", [name.as_str()]);
    let about = command.get_long_about().or_else(|| command.get_about());
    roff.text([roman(about.map(ToString::to_string).unwrap_or_default())]);
    for positional in command.get_positionals() {
        roff.control("TP", []);
        roff.text([bold(positional.get_id().as_str().to_uppercase())]);
        roff.text([roman(positional.get_help().map(ToString::to_string).unwrap_or_default())]);
    }
    roff.to_writer(page)?;
    let mut options = Vec::new();
    let flags =
        command.clone().disable_help_flag(true).mut_args(|arg| if arg.is_positional() { arg.hide(true) } else { arg });
    Man::new(flags).render_options_section(&mut options)?;
    // Its headings would end the section of the commands.
    let lines = options.split_inclusive(|byte| *byte == b'\n').filter(|line| !line.starts_with(b".SH"));
    page.extend(lines.flatten());
    command.get_subcommands().try_for_each(|sub| describe(page, &name, sub))
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_names_every_knob_of_every_demo() {
        let page = String::from_utf8(super::page().expect("memory takes it")).expect("UTF-8");
        for demo in crate::demos::all() {
            let at = page.find(&format!("roundtrip demo {}", demo.name)).expect(demo.name);
            for knob in demo.knobs {
                // roff wants a hyphen that is one to be escaped.
                let flag = format!("\\-\\-{}", knob.name.replace('-', "\\-"));
                assert!(page[at..].contains(&flag), "{} {}", demo.name, knob.name);
            }
        }
    }
}
