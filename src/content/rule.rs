//! The rules content is held to, by stable names: for messages, JSON and tests.
use serde::{Serialize, Serializer};

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident $name:literal)*) => {
        /// A rule of the content check.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($(#[$doc])* $rule,)* }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)*];

            /// The name in brackets: `error[duplicate-id]`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$rule => $name,)* }
            }
        }
    };
}

rules! {
    /// A file can be read, is a plain file, UTF-8, not too large, not one too many.
    File "file"
    /// Every file in the folders is content.
    UnusedFile "unused-file"
    /// No character could drive a terminal or turn the text around.
    ControlCharacter "control-character"
    /// TOML is TOML.
    Syntax "syntax"
    /// Keys are known and values have the right type.
    Structure "structure"
    /// What must be there is there, and is not empty.
    Missing "missing"
    /// Every option, pair, item, guess and near miss says why.
    MissingWhy "missing-why"
    /// A value has a unit that fits.
    Quantity "quantity"
    /// An id has the form `w01.words-in-lower-case` of its chapter.
    Id "id"
    /// No two things share an id.
    DuplicateId "duplicate-id"
    /// A lesson lies in a chapter's folder, a quiz names a chapter.
    UnknownChapter "unknown-chapter"
    /// Text stands under a heading; a lesson has steps.
    Step "step"
    /// A step fits its pane.
    StepTooLong "step-too-long"
    /// `show` and `run` say what can be shown and run.
    Directive "directive"
    /// Only what a terminal can show: no images, HTML or rules.
    Markdown "markdown"
    /// `{m:name}` and `{k:name}`, and `{name}` in questions with drawn values.
    Placeholder "placeholder"
    /// A link leads to a lesson, a term or an https address.
    Link "link"
    /// A question has exactly one table of a kind.
    Kind "kind"
    /// As many options, items or pairs as the kind needs.
    OptionCount "option-count"
    /// As many right options as the kind needs.
    CorrectCount "correct-count"
    /// No two options are the same.
    SameOption "same-option"
    /// The right text does not stand out by its length, in one question or over a chapter.
    LengthTells "length-tells"
    /// About half of a chapter's true/false statements are true.
    TruthBalance "truth-balance"
    /// At most three hints.
    Hints "hints"
    /// From 1 to 5.
    Difficulty "difficulty"
    /// A formula is one, and has a result for every draw.
    Formula "formula"
    /// The model answer of a question with settings meets every criterion.
    Criterion "criterion"
    /// An exercise can be made of every run it may draw.
    Exercise "exercise"
    /// A near miss, wrong guess or near text is not the answer.
    NearMiss "near-miss"
    /// `twin` names another question of the chapter, `confusable` groups at least two.
    Twin "twin"
    /// A demo exists.
    UnknownDemo "unknown-demo"
    /// A knob exists and takes the value.
    Knob "knob"
    /// A view exists.
    UnknownView "unknown-view"
    /// A run has the marker.
    UnknownMarker "unknown-marker"
    /// A run has the measurement.
    UnknownMeasurement "unknown-measurement"
    /// A run's packet has the field.
    UnknownField "unknown-field"
    /// A question's or guess's unit is the measurement's.
    Unit "unit"
    /// `covers` names rows of the curriculum.
    UnknownRow "unknown-row"
    /// `corrects` names errata.
    UnknownErratum "unknown-erratum"
    /// Every row of a chapter with content is covered.
    RowNotCovered "row-not-covered"
    /// Every erratum of a chapter with content is corrected.
    ErratumNotCorrected "erratum-not-corrected"
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
