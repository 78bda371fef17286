//! An exported file, read entry by entry, so that every problem is named and not only the first.
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::transfer::{Exported, FORMAT, ImportError, Of, Setting, SittingRecord, VERSION};
use super::{Position, Prediction, Vote};
use crate::practice::{Answered, Grade, Sitting, Verdict, grade::FULL};

/// Names of questions, lessons, sessions and sittings are no longer.
const LONGEST_NAME: usize = 200;
/// A quiz or drill has no more questions, a show of hands no more options.
const LONGEST_LIST: usize = 10_000;
/// After so many problems the rest is counted only.
const MOST_PROBLEMS: usize = 50;

/// Reads and checks a whole file.
pub(super) fn read(bytes: &[u8]) -> Result<Exported, ImportError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| ImportError::Foreign(error.to_string()))?;
    let Value::Object(mut file) = value else {
        return Err(ImportError::Foreign("it is JSON, but no object".to_owned()));
    };
    head(&mut file)?;
    let mut problems = Problems::default();
    let sittings = list(&mut file, "sittings", &mut problems, sitting);
    let known = problems.is_empty().then(|| items(&sittings, &mut problems));
    let exported = Exported {
        answers: list(&mut file, "answers", &mut problems, |of| answer(of, known.as_ref())),
        lessons: map(&mut file, "lessons", &mut problems, |name, _: &Position| named(name)),
        predictions: list(&mut file, "predictions", &mut problems, prediction),
        votes: list(&mut file, "votes", &mut problems, vote),
        settings: map(&mut file, "settings", &mut problems, setting),
        sittings,
        ..Exported::default()
    };
    for unknown in file.keys() {
        problems.add("the file", format!("there is no section {unknown:?} in version {VERSION}"));
    }
    problems.settle(exported)
}

fn head(file: &mut Map<String, Value>) -> Result<(), ImportError> {
    if file.remove("format").as_ref().and_then(Value::as_str) != Some(FORMAT) {
        return Err(ImportError::Foreign(format!("`format` is not {FORMAT:?}")));
    }
    match file.remove("version").as_ref().and_then(Value::as_u64) {
        Some(version) if version > VERSION => Err(ImportError::Newer(version)),
        Some(VERSION) => Ok(()),
        _ => Err(ImportError::Foreign("`version` is no version".to_owned())),
    }
}

/// What is wrong, a line each.
#[derive(Default)]
struct Problems {
    lines: Vec<String>,
    more: usize,
}

impl Problems {
    fn add(&mut self, place: &str, problem: String) {
        if self.lines.len() < MOST_PROBLEMS {
            // What the file says may hold anything; a terminal is to be driven by none of it.
            self.lines
                .push(format!("{place}: {problem}").chars().map(|c| if c.is_control() { '.' } else { c }).collect());
        } else {
            self.more += 1;
        }
    }

    const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn settle(mut self, exported: Exported) -> Result<Exported, ImportError> {
        if self.lines.is_empty() {
            return Ok(exported);
        }
        if self.more > 0 {
            self.lines.push(format!("and {} more", self.more));
        }
        Err(ImportError::Problems(self.lines))
    }
}

fn list<T: DeserializeOwned>(
    file: &mut Map<String, Value>,
    section: &str,
    problems: &mut Problems,
    check: impl Fn(&T) -> Result<(), String>,
) -> Vec<T> {
    let entries = match file.remove(section) {
        None => Vec::new(),
        Some(Value::Array(entries)) => entries,
        Some(_) => {
            problems.add(section, "is to be a list".to_owned());
            Vec::new()
        }
    };
    let read = entries.into_iter().enumerate().filter_map(|(at, entry)| {
        let checked = serde_json::from_value(entry).map_err(|error| error.to_string());
        let checked = checked.and_then(|it| check(&it).map(|()| it));
        checked.map_err(|problem| problems.add(&format!("{section}[{at}]"), problem)).ok()
    });
    read.collect()
}

fn map<T: DeserializeOwned>(
    file: &mut Map<String, Value>,
    section: &str,
    problems: &mut Problems,
    check: impl Fn(&str, &T) -> Result<(), String>,
) -> BTreeMap<String, T> {
    let entries = match file.remove(section) {
        None => Map::new(),
        Some(Value::Object(entries)) => entries,
        Some(_) => {
            problems.add(section, "is to be an object".to_owned());
            Map::new()
        }
    };
    let read = entries.into_iter().filter_map(|(name, entry)| {
        let checked = serde_json::from_value(entry).map_err(|error| error.to_string());
        let checked = checked.and_then(|it| check(&name, &it).map(|()| it));
        let place = || format!("{section}.{}", name.chars().take(LONGEST_NAME).collect::<String>());
        let read = checked.map_err(|problem| problems.add(&place(), problem)).ok();
        read.map(|it| (name, it))
    });
    read.collect()
}

fn named(name: &str) -> Result<(), String> {
    let fits = !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(char::is_control);
    if fits { Ok(()) } else { Err(format!("a name has 1 to {LONGEST_NAME} bytes and no control characters")) }
}

fn sitting(it: &SittingRecord) -> Result<(), String> {
    let Sitting { items, wish, left_out, .. } = &it.sitting;
    if items.len() > LONGEST_LIST || wish.tags.len() > LONGEST_LIST {
        return Err(format!("more than {LONGEST_LIST} items"));
    }
    if left_out.len() > items.len() || left_out.iter().any(|item| *item as usize >= items.len()) {
        return Err(format!("left out is what it does not have: it has {} items", items.len()));
    }
    let names = items.iter().map(|item| &item.question).chain([&it.id]).chain(&it.sitting.chapter).chain(&wish.tags);
    names.into_iter().try_for_each(|name| named(name))
}

/// `items`: how many each sitting has; `None` when the sittings could not be read, so that nothing is said of them twice.
fn answer(of: &Of<Answered>, items: Option<&BTreeMap<String, usize>>) -> Result<(), String> {
    named(&of.session)?;
    named(&of.it.question)?;
    points(&of.it.grade)?;
    let Some((place, items)) = of.it.place.as_ref().zip(items) else { return Ok(()) };
    match items.get(&place.sitting) {
        Some(items) if (place.item as usize) < *items => Ok(()),
        Some(items) => Err(format!("item {} of a sitting that has {items}", place.item)),
        None => Err("its sitting is not in the file".to_owned()),
    }
}

fn points(grade: &Grade) -> Result<(), String> {
    let fits = match grade.verdict {
        Verdict::Right => grade.points_ppm == FULL,
        Verdict::Partly => grade.points_ppm > 0 && grade.points_ppm < FULL,
        Verdict::Wrong => grade.points_ppm == 0,
    };
    if fits { Ok(()) } else { Err(format!("{:?} does not go with {} points", grade.verdict, grade.points_ppm)) }
}

fn prediction(of: &Of<Prediction>) -> Result<(), String> {
    named(&of.session)?;
    named(&of.it.lesson)
}

fn vote(of: &Of<Vote>) -> Result<(), String> {
    if of.it.hands.len() > LONGEST_LIST {
        return Err(format!("more than {LONGEST_LIST} options"));
    }
    named(&of.session)?;
    named(&of.it.question)
}

fn setting(name: &str, _: &Setting) -> Result<(), String> {
    if name == "interview" { Ok(()) } else { Err(format!("there is no such setting in version {VERSION}")) }
}

/// How many items each sitting has.
fn items(sittings: &[SittingRecord], problems: &mut Problems) -> BTreeMap<String, usize> {
    let mut items = BTreeMap::new();
    for it in sittings {
        if items.insert(it.id.clone(), it.sitting.items.len()).is_some() {
            problems.add("sittings", format!("{:?} stands there twice", it.id));
        }
    }
    items
}
