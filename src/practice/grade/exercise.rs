//! Values of packets that were written: each is graded for itself, with a reason of its own.
use std::collections::BTreeMap;

use super::{Unreadable, misfit, share};
use crate::practice::exercise::Gap;
use crate::practice::{Answer, Grade, Remark};

pub(super) fn fill(gaps: &[Gap], given: Option<&Answer>) -> Result<Grade, Unreadable> {
    let said = |gap: &Gap| format!("{} {}", gap.label, gap.right.told());
    let right = gaps.iter().map(said).collect::<Vec<_>>().join(", ");
    let typed = match given {
        None => {
            let all = gaps.iter().map(|it| Remark::new(said(it), false, &it.why)).collect();
            return Ok(Grade::new(0, right, all));
        }
        Some(Answer::Values(typed)) => typed,
        Some(_) => return Err(misfit("values")),
    };
    if typed.values().all(|it| it.trim().is_empty()) {
        return Err(Unreadable("Write at least one value.".to_owned()));
    }
    let remarks: Vec<Remark> = gaps.iter().map(|it| one(it, typed)).collect::<Result<_, _>>()?;
    let met = remarks.iter().filter(|it| it.right).count();
    Ok(Grade::new(share(met, gaps.len()), right, remarks))
}

/// What was written into one gap: right, or which mistake it is and how the right value follows.
fn one(gap: &Gap, typed: &BTreeMap<String, String>) -> Result<Remark, Unreadable> {
    let text = typed.get(&gap.label).map_or("", |it| it.trim());
    let (label, right) = (&gap.label, gap.right.told());
    if text.is_empty() {
        return Ok(Remark::new(format!("{label}: nothing; it is {right}"), false, &gap.why));
    }
    let says = |value: &crate::practice::exercise::Value| value.is_said_by(text);
    if says(&gap.right).map_err(|what| Unreadable(format!("`{label}`: {what}.")))? {
        return Ok(Remark::new(format!("{label}: {right}"), true, &gap.why));
    }
    let known = gap.near.iter().find(|it| says(&it.value) == Ok(true)).map(|it| format!("{} ", it.why));
    let why = format!("{}{}", known.unwrap_or_default(), gap.why);
    Ok(Remark::new(format!("{label}: {text} · right: {right}"), false, why))
}
