//! A number with its unit, within a tolerance; wrong ones that people arrive at are recognised.
use super::{FULL, Unreadable, misfit};
use crate::practice::attempt::Near;
use crate::practice::{Answer, Grade, Remark, Truth, read_number};
use crate::quantity::Quantity;

pub(super) fn grade(truth: Truth, near: &[Near], given: Option<&Answer>) -> Result<Grade, Unreadable> {
    let right = truth.value.to_string();
    let typed = match given {
        None => return Ok(Grade::new(0, right, Vec::new())),
        Some(Answer::Number(text)) => read_number(text, truth.value.unit)?,
        Some(_) => return Err(misfit("a number")),
    };
    if truth.holds(typed) {
        let why = if typed == truth.value { "exactly".to_owned() } else { format!("near enough to {right}") };
        return Ok(Grade::new(FULL, right, vec![Remark::new(typed.to_string(), true, why)]));
    }
    let why = recognised(truth, near, typed).or_else(|| shifted(truth, typed)).unwrap_or_else(|| off(truth, typed));
    Ok(Grade::new(0, right, vec![Remark::new(typed.to_string(), false, why)]))
}

/// The near miss this is, the nearest where two are near.
fn recognised(truth: Truth, near: &[Near], typed: Quantity) -> Option<String> {
    let within = near.iter().filter(|miss| Truth { value: miss.value, ..truth }.holds(typed));
    within.min_by_key(|miss| miss.value.value.abs_diff(typed.value)).map(|miss| miss.why.clone())
}

/// Right digits at a wrong power of ten: a unit's prefix went astray.
fn shifted(truth: Truth, typed: Quantity) -> Option<String> {
    if typed.value == 0 || truth.value.value == 0 {
        return None;
    }
    let (given, wanted) = (i128::from(typed.value), i128::from(truth.value.value));
    let near = |given: i128, wanted: i128| {
        let allowed = wanted.abs() * i128::from(truth.tolerance_ppm.max(0));
        (given - wanted).abs() * 1_000_000 <= allowed
    };
    (1..=9).map(|power| 10_i128.pow(power)).find_map(|factor| {
        let prefix = "The digits are right; look at the unit's prefix again";
        if near(given, wanted * factor) {
            Some(format!("{prefix}: it is {factor} times too large."))
        } else if near(given * factor, wanted) {
            Some(format!("{prefix}: it is {factor} times too small."))
        } else {
            None
        }
    })
}

fn off(truth: Truth, typed: Quantity) -> String {
    let which = if typed.value > truth.value.value { "large" } else { "small" };
    let gap = typed.value.abs_diff(truth.value.value);
    let gap = Quantity::new(i64::try_from(gap).unwrap_or(i64::MAX), truth.value.unit);
    format!("Too {which} by {gap}.")
}
