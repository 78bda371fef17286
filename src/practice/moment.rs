//! Where a run stands when it is opened after a question: at the instant that answers it.
use crate::content::{Kind, Question, Show};

/// The view and the marker its author names; else the packet that was asked about, or the instant that has the name of what
/// was measured. Where there is none of these, no marker: the run is opened at its first packet. Without a view, in the
/// demo's own.
#[must_use]
pub fn moment(question: &Question) -> Show {
    match (&question.show, &question.kind) {
        (Some(show), _) => show.clone(),
        (None, Kind::Field(hidden)) => Show {
            view: "packets".to_owned(),
            marker: Some(hidden.marker.clone()),
            highlight: vec![hidden.field.clone()],
        },
        (None, Kind::Exercise(_)) => Show { view: "packets".to_owned(), ..Show::default() },
        (None, Kind::Predict { measure, .. }) => Show { marker: Some(measure.replace('_', "-")), ..Show::default() },
        (None, _) => Show::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authors_word_comes_first_then_the_packet_then_the_measures_name() {
        let (content, _) = crate::content::load(crate::content::Source::Embedded);
        let mut question = content.question("w02.handshake.server-speaks-first").expect("it ships").clone();
        assert_eq!(moment(&question), question.show.clone().expect("its author names one"));
        question.show = None;
        assert_eq!(moment(&question).marker.as_deref(), Some("first-reply"));
        let field = content.question("w01.field.ether-type").expect("it ships");
        let Kind::Field(hidden) = &field.kind else { panic!("{field:?}") };
        assert_eq!((moment(field).marker.as_ref(), &moment(field).highlight[0]), (Some(&hidden.marker), &hidden.field));
        question.kind = Kind::Single(vec![]);
        assert_eq!(moment(&question), Show::default());
    }
}
