//! Chosen settings, judged by a run with them: a remark for each criterion, with what was measured.
use super::{Unreadable, misfit, share};
use crate::content::design::{Judged, Settings};
use crate::content::{Criterion, Design, formula};
use crate::practice::attempt::filled;
use crate::practice::designed::Designed;
use crate::practice::{Answer, Grade, Remark, Runs};

/// Points are counted up to the first criterion that is missed: what costs little and does not work is worth nothing.
pub(super) fn grade(
    design: &Design,
    asked: &Designed,
    given: Option<&Answer>,
    runs: &dyn Runs,
) -> Result<Grade, Unreadable> {
    let right = format!("{} (run with the same seed)", asked.words(&asked.model));
    let typed = match given {
        None => return Ok(Grade::new(0, right, Vec::new())),
        Some(Answer::Values(typed)) => typed,
        Some(_) => return Err(misfit("values")),
    };
    let chosen = asked.read(typed, runs)?;
    let run = asked.run(&chosen);
    let measured = runs.measure(&run.demo, &run.knobs, run.seed).map_err(Unreadable)?;
    let judged = asked.judge(design, &chosen, &measured).map_err(Unreadable)?;
    let told = asked.told(&chosen, &measured);
    let met = judged.iter().take_while(|it| it.met).count();
    let each = design.criteria.iter().zip(&asked.criteria).zip(&judged);
    let mut remarks: Vec<Remark> = each
        .map(|((criterion, says), judged)| {
            let why = if judged.met { String::new() } else { filled(&criterion.why, &told) };
            Remark::new(reported(criterion, says, *judged), judged.met, why)
        })
        .collect();
    if met < judged.len()
        && let Some(why) = recognised(design, asked, &chosen)
    {
        remarks.push(Remark::new(asked.words(&chosen), false, filled(why, &told)));
    }
    Ok(Grade::new(share(met, judged.len()), right, remarks))
}

/// `the pool has no more than it needs: 30, at most 14`.
fn reported(criterion: &Criterion, says: &str, judged: Judged) -> String {
    match judged {
        Judged { measured: Some(measured), limit: Some(limit), .. } => {
            format!("{says}: {measured}, {} {limit}", criterion.bound.words())
        }
        Judged { measured: Some(measured), .. } => format!("{says}: {measured}"),
        Judged { .. } => format!("{says}: this run has none to measure"),
    }
}

/// The why of the tempting answer this is.
fn recognised<'d>(design: &'d Design, asked: &Designed, chosen: &Settings) -> Option<&'d str> {
    let is = |own: &Settings| own.iter().all(|(knob, text)| same(chosen.get(knob), Some(text)));
    let at = asked.tempting.iter().position(is)?;
    Some(design.tempting.get(at)?.why.as_str())
}

/// The same setting, however it is written. No nearness: at a threshold the values beside it do well.
fn same(one: Option<&String>, other: Option<&String>) -> bool {
    let quantity = |text: Option<&String>| text.and_then(|it| formula::setting(it));
    match (quantity(one), quantity(other)) {
        (Some(a), Some(b)) => a == b,
        _ => one == other,
    }
}
