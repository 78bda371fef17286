//! Asking: attempts, grading, drills, spaced repetition. Pure: today, the seed and the facts of a run are arguments.
