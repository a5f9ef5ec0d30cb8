-- The agent's memory. Times are milliseconds since 1970 UTC.

-- One row: which journal this is.
CREATE TABLE journal (
    id TEXT NOT NULL,
    made_at BIGINT NOT NULL
);

-- Address and login of each router of the site; the newest version wins.
CREATE TABLE router (
    router_id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    username TEXT NOT NULL,
    password TEXT NOT NULL
);

-- One entry per purchase: the newest decision about its user, and its newest login. Never a password of a user.
CREATE TABLE purchase (
    purchase_id TEXT NOT NULL PRIMARY KEY,
    router_id TEXT NOT NULL,
    name TEXT NOT NULL,
    profile TEXT NOT NULL DEFAULT '',
    -- Row of the user on the router, known once the agent has made or adopted it.
    row_id TEXT,
    -- reserve, confirm or release; NULL when only a login was asked for.
    kind TEXT,
    version BIGINT,
    step TEXT,
    outcome TEXT,
    login_version BIGINT,
    login_step TEXT,
    login_outcome TEXT,
    started_at BIGINT NOT NULL,
    finished_at BIGINT
);

CREATE INDEX purchase_finished ON purchase (finished_at) WHERE finished_at IS NOT NULL;
