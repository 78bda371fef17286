//! "Did you mean": the known name nearest to one that is unknown.

/// Names listed in a message.
const LISTED: usize = 12;

/// What to write instead of `word`: the nearest of the known names, and what there is.
pub(super) fn instead<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = known.iter().map(|it| (distance(word, it), *it)).min().filter(|(off, it)| *off <= 1 + it.len() / 4);
    let list = match known.len() {
        0 => return "there are none".to_owned(),
        count if count > LISTED => format!("{}, and {} more", known[..LISTED].join(", "), count - LISTED),
        _ => known.join(", "),
    };
    nearest.map_or_else(|| format!("there are: {list}"), |(_, it)| format!("did you mean `{it}`? There are: {list}"))
}

/// Letters to insert, delete or replace (Levenshtein); words longer than 60 letters are taken as unlike.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().max(b.len()) > 60 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_nearest_and_what_there_is() {
        let known = ["syn", "syn-ack", "fin"];
        assert_eq!(instead("syn-ak", known), "did you mean `syn-ack`? There are: syn, syn-ack, fin");
        assert_eq!(instead("retransmission", known), "there are: syn, syn-ack, fin");
        assert_eq!(instead("x", []), "there are none");
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
