//! One option, or every right option and no other.
use super::{FULL, Unreadable, misfit, share};
use crate::content::Choice;
use crate::practice::{Answer, Grade, Remark, Shown};

pub(super) fn single(options: &[Choice], shown: &[Shown], given: Option<&Answer>) -> Result<Grade, Unreadable> {
    let ticked = ticked(options, given)?;
    if given.is_some() && ticked.len() != 1 {
        return Err(Unreadable("Choose one option.".to_owned()));
    }
    let right = ticked.first().is_some_and(|at| options[*at].correct);
    Ok(Grade::new(if right { FULL } else { 0 }, right_line(options), remarks(options, shown, &ticked)))
}

/// Right ticks minus wrong ticks, as a share of what is right, not below nothing: ticking everything is no answer.
pub(super) fn multiple(options: &[Choice], shown: &[Shown], given: Option<&Answer>) -> Result<Grade, Unreadable> {
    let ticked = ticked(options, given)?;
    if given.is_some() && ticked.is_empty() {
        return Err(Unreadable("Tick at least one option.".to_owned()));
    }
    let hits = ticked.iter().filter(|at| options[**at].correct).count();
    let net = hits.saturating_sub(ticked.len() - hits);
    let all = options.iter().filter(|option| option.correct).count();
    Ok(Grade::new(share(net, all), right_line(options), remarks(options, shown, &ticked)))
}

/// The indices ticked, each once, all of them options.
fn ticked(options: &[Choice], given: Option<&Answer>) -> Result<Vec<usize>, Unreadable> {
    let mut ticked = match given {
        None => Vec::new(),
        Some(Answer::Choices(ticked)) => ticked.clone(),
        Some(_) => return Err(misfit("its options")),
    };
    ticked.sort_unstable();
    ticked.dedup();
    if ticked.last().is_some_and(|last| *last >= options.len()) {
        return Err(Unreadable(format!("There are {} options.", options.len())));
    }
    Ok(ticked)
}

fn right_line(options: &[Choice]) -> String {
    let right = options.iter().filter(|option| option.correct).map(|option| option.text.as_str());
    right.collect::<Vec<_>>().join("; ")
}

/// One for every option, in the order of the screen: had right when it was ticked exactly if it is correct.
fn remarks(options: &[Choice], shown: &[Shown], ticked: &[usize]) -> Vec<Remark> {
    let known = shown.iter().filter_map(|it| options.get(it.index).map(|option| (it.index, option)));
    known.map(|(at, option)| Remark::new(&option.text, ticked.contains(&at) == option.correct, &option.why)).collect()
}
