//! Names near to one that is not there: for "did you mean".

/// More than these are no help.
const MOST: usize = 3;

/// The names like this one, the nearest first: a part of it, or a few letters away.
pub(crate) fn near<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let far = (wanted.chars().count() / 3).max(1);
    let rated = names.into_iter().filter_map(|name| {
        let lower = name.to_lowercase();
        let is_part = wanted.chars().count() > 2 && (lower.contains(&wanted) || wanted.contains(&lower));
        let away = distance(&wanted, &lower);
        (is_part || away <= far).then_some((away, name))
    });
    let mut rated: Vec<(usize, &str)> = rated.collect();
    rated.sort_unstable();
    rated.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// How many letters must be added, taken away or changed (Levenshtein's distance).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_few_letters_away_and_names_that_hold_it_are_near() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(near("timeouts", ["tcp", "timeout", "time-wait"]), ["timeout"]);
        assert_eq!(near("handshake", ["tcp-handshake", "dns-trace"]), ["tcp-handshake"]);
        assert_eq!(near("nosuch", ["tcp-handshake", "dns-trace"]), [""; 0]);
    }
}
