CREATE TABLE cases (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  reference     TEXT UNIQUE,             -- the report's own; NULL when opened by another client
  service_code  TEXT NOT NULL,
  hazard        TEXT NOT NULL,
  area          TEXT NOT NULL,
  description   TEXT NOT NULL,
  address       TEXT NOT NULL,
  address_id    TEXT NOT NULL,
  latitude      REAL,                    -- degrees, WGS 84
  longitude     REAL,
  major         INTEGER NOT NULL,
  media         TEXT NOT NULL,           -- JSON array of addresses
  status        TEXT NOT NULL,
  version       INTEGER NOT NULL,
  requested_at  INTEGER NOT NULL,        -- seconds since 1970, as all times here
  updated_at    INTEGER NOT NULL,
  clock_from    INTEGER NOT NULL,        -- deadlines count from here: opened, or reopened
  due_at        INTEGER                  -- next deadline; NULL when every promise is kept
) STRICT;

CREATE INDEX cases_by_time ON cases (requested_at DESC, id DESC);

CREATE TABLE history (
  case_id  INTEGER NOT NULL REFERENCES cases (id),
  version  INTEGER NOT NULL,
  status   TEXT NOT NULL,
  note     TEXT NOT NULL,
  who      TEXT NOT NULL,                -- the operator's name; empty for the desk itself
  at       INTEGER NOT NULL,
  PRIMARY KEY (case_id, version)
) STRICT;

CREATE TABLE outbox (
  case_id       INTEGER NOT NULL,
  version       INTEGER NOT NULL,
  webhook_id    TEXT NOT NULL,
  body          TEXT NOT NULL,
  attempts      INTEGER NOT NULL DEFAULT 0,
  next_try      REAL NOT NULL DEFAULT 0,
  problem       TEXT NOT NULL DEFAULT '',
  delivered_at  INTEGER,
  PRIMARY KEY (case_id, version),
  FOREIGN KEY (case_id, version) REFERENCES history (case_id, version)
) STRICT;

CREATE INDEX outbox_waiting ON outbox (case_id, version) WHERE delivered_at IS NULL;

CREATE TABLE login_links (
  token_hash  TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
  token_hash  TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT;
