//! What we teach: lessons, quizzes, the glossary, as checked values.
