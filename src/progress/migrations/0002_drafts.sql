CREATE TABLE drafts (
  question TEXT NOT NULL,
  seed INTEGER NOT NULL,
  text TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (question, seed)
) STRICT;
