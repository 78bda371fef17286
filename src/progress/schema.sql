-- The progress file as its migrations leave it; a test holds this page to them.
-- Instants are RFC 3339 in UTC with nine decimals, so that texts sort as instants do. Days are the learner's own dates.
-- JSON columns hold the types of practice as serde writes them. A session is one run of the program: 16 hexadecimal digits.
-- PRAGMA application_id = 0x526e6474 ("Rndt"); user_version = the number of migrations taken.

-- A quiz or drill: its list of questions and seeds. What is answered of it stands in answers; open while ended is null.
CREATE TABLE sittings (
  id TEXT PRIMARY KEY,
  sitting TEXT NOT NULL CHECK (json_valid(sitting)),
  context TEXT NOT NULL GENERATED ALWAYS AS (sitting ->> 'context') STORED,
  started TEXT NOT NULL,
  ended TEXT
) STRICT;

-- Rows are only ever added. The four columns of the unique key are an answer's identity across machines.
-- seed is the attempt's 64 bits, signed as SQLite's integers are.
CREATE TABLE answers (
  id INTEGER PRIMARY KEY,
  session TEXT NOT NULL,
  question TEXT NOT NULL,
  seed INTEGER NOT NULL,
  answer TEXT NOT NULL CHECK (json_valid(answer)),
  grade TEXT NOT NULL CHECK (json_valid(grade)),
  verdict TEXT NOT NULL GENERATED ALWAYS AS (grade ->> 'verdict') STORED,
  points INTEGER NOT NULL GENERATED ALWAYS AS (grade ->> 'points_ppm') STORED,
  confidence TEXT,
  hints INTEGER NOT NULL,
  at TEXT NOT NULL,
  day TEXT NOT NULL,
  context TEXT NOT NULL,
  sitting TEXT REFERENCES sittings (id),
  item INTEGER,
  CHECK ((sitting IS NULL) = (item IS NULL)),
  UNIQUE (session, question, seed, at)
) STRICT;
CREATE INDEX answers_of_question ON answers (question, at);
CREATE INDEX answers_of_sitting ON answers (sitting, item) WHERE sitting IS NOT NULL;
CREATE INDEX answers_by_day ON answers (day, verdict, confidence);

-- What is remembered of a question: computed from its answers whenever one is added, kept here to be read at the start.
CREATE TABLE memories (
  question TEXT PRIMARY KEY,
  stability REAL NOT NULL,
  difficulty REAL NOT NULL,
  last TEXT NOT NULL,
  natural_due TEXT NOT NULL,
  reps INTEGER NOT NULL,
  lapses INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  overconfident INTEGER NOT NULL CHECK (overconfident IN (0, 1))
) STRICT;

-- Where each lesson stands. furthest never goes back; done is the first time it was.
CREATE TABLE lessons (
  lesson TEXT PRIMARY KEY,
  step INTEGER NOT NULL,
  furthest INTEGER NOT NULL,
  done TEXT,
  at TEXT NOT NULL
) STRICT;

-- Guesses before runs, and what the runs measured; both as {"value", "unit"}.
CREATE TABLE predictions (
  id INTEGER PRIMARY KEY,
  session TEXT NOT NULL,
  lesson TEXT NOT NULL,
  step INTEGER NOT NULL,
  guess TEXT NOT NULL CHECK (json_valid(guess)),
  measured TEXT NOT NULL CHECK (json_valid(measured)),
  at TEXT NOT NULL,
  UNIQUE (session, lesson, step, at)
) STRICT;

-- Shows of hands: hands is a list of counts in the order of the question's options.
CREATE TABLE votes (
  id INTEGER PRIMARY KEY,
  session TEXT NOT NULL,
  question TEXT NOT NULL,
  round TEXT NOT NULL CHECK (round IN ('before', 'after')),
  hands TEXT NOT NULL CHECK (json_valid(hands)),
  at TEXT NOT NULL,
  UNIQUE (session, question, round, at)
) STRICT;

-- name = 'interview': the date, or null when it was dropped. The newer of two stays.
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT,
  at TEXT NOT NULL
) STRICT;

-- A card's own words, kept before its model answer is shown, until its points are marked. Not exported.
CREATE TABLE drafts (
  question TEXT NOT NULL,
  seed INTEGER NOT NULL,
  text TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (question, seed)
) STRICT;
