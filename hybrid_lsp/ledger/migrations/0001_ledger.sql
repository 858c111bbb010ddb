-- {number} is a row number that the database counts by itself; all else is the same in SQLite and PostgreSQL.
-- Times are milliseconds since 1970, UTC; money is whole nano-dollars.

-- One row. Every transaction that writes changes it first, and so has every row below to itself until it ends.
CREATE TABLE gate (
  id INTEGER PRIMARY KEY,
  turn BIGINT NOT NULL,
  newest_ms BIGINT NOT NULL,
  blocked TEXT NOT NULL
);

INSERT INTO gate (id, turn, newest_ms, blocked) VALUES (1, 0, 0, '');

-- One row for each attempt at a job. `month` is set where money is charged; `hold` where it was held before.
CREATE TABLE attempt (
  number {number},
  hold TEXT,
  state TEXT NOT NULL,
  month TEXT,
  held_nano BIGINT NOT NULL DEFAULT 0,
  amount_nano BIGINT NOT NULL DEFAULT 0,
  until_ms BIGINT NOT NULL DEFAULT 0,
  job TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  workspace TEXT NOT NULL,
  task TEXT NOT NULL,
  origin TEXT NOT NULL,
  backend TEXT NOT NULL,
  model TEXT NOT NULL,
  answered_by TEXT NOT NULL DEFAULT '',
  input_tokens BIGINT,
  output_tokens BIGINT,
  cached_tokens BIGINT,
  cache_write_tokens BIGINT,
  reasoning_tokens BIGINT,
  price TEXT,
  basis TEXT NOT NULL,
  status TEXT NOT NULL,
  latency_ms BIGINT,
  first_token_ms BIGINT,
  score DOUBLE PRECISION,
  reasons TEXT NOT NULL DEFAULT '[]',
  rule TEXT NOT NULL DEFAULT '',
  baseline TEXT NOT NULL DEFAULT '',
  baseline_nano BIGINT,
  language TEXT NOT NULL DEFAULT '',
  reach TEXT NOT NULL DEFAULT '',
  size_band TEXT NOT NULL DEFAULT '',
  bytes_out BIGINT NOT NULL DEFAULT 0,
  redactions BIGINT NOT NULL DEFAULT 0,
  checks TEXT NOT NULL DEFAULT '[]',
  mean_logprob DOUBLE PRECISION,
  lowest_logprob DOUBLE PRECISION,
  accepted SMALLINT,
  survived SMALLINT
);

CREATE UNIQUE INDEX attempt_hold ON attempt (hold) WHERE hold IS NOT NULL;
CREATE INDEX attempt_paid ON attempt (month, state, until_ms, amount_nano) WHERE month IS NOT NULL;
CREATE INDEX attempt_held ON attempt (until_ms) WHERE state = 'held';
CREATE INDEX attempt_asked ON attempt (at_ms) WHERE task <> 'inline';
CREATE INDEX attempt_uncompared ON attempt (job)
  WHERE status = 'done' AND task <> 'inline' AND origin <> 'cache' AND (baseline_nano IS NULL OR baseline = '');
CREATE INDEX attempt_time ON attempt (at_ms);
CREATE INDEX attempt_job ON attempt (job);

-- Sums over the ended attempts of a quarter of an hour, of which every time zone's days are made.
CREATE TABLE quarter (
  starts_ms BIGINT NOT NULL,
  task TEXT NOT NULL,
  origin TEXT NOT NULL,
  model TEXT NOT NULL,
  baseline TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  cost_nano BIGINT NOT NULL,
  assumed_nano BIGINT NOT NULL,
  latency_ms BIGINT NOT NULL,
  timed BIGINT NOT NULL,
  input_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  cached_tokens BIGINT NOT NULL,
  accepted BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  baseline_nano BIGINT NOT NULL,
  compared BIGINT NOT NULL,
  uncompared BIGINT NOT NULL,
  PRIMARY KEY (starts_ms, task, origin, model, baseline)
);

-- Which alerts were said.
CREATE TABLE alert (
  month TEXT NOT NULL,
  percent INTEGER NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (month, percent)
);
