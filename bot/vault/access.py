"""Who may do what in the store: one user per role, so that no role is more than it has to be.

Intake writes sealed addresses and can neither read, delete nor append to them; only the notices
worker reads them. The store checks each command inside a script against its caller too, so the
scripts can do no more than whoever runs them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

ROLES = ("bot", "push", "media", "notices", "delivery")
OPERATOR = "operator"
USERS = (*ROLES, OPERATOR)
_PASSWORD_BYTES = 32

# Nothing that names keys one was not told of, configures, watches others or moves whole stores.
_COMMANDS = (
    "-@all +@read +@write +@connection +@pubsub +@transaction -@dangerous -scan -randomkey "
    "+eval +evalsha +script|load +info +time"
)
# rq's jobs are bells that carry nothing; whoever has work for another role rings for it.
_BELLS = "~rq:* ~bell:* &rq:pubsub:*"

_KEYS = {
    "bot": (
        "+waitaof ~c:* ~limit:* ~inbox:* ~progress:* ~receipt:* %W~report:* ~media:expiry "
        "~outbox:push ~outbox:push:bodies ~outbox:media %W~outbox:media:bodies ~outbox:notices "
        "%W~outbox:notices:bodies ~outbox:replies ~outbox:replies:* ~outbox:fence "
        "~outbox:delivery %R~outbox:broadcast ~outbox:*:leases ~outbox:*:parked %R~undeliverable "
        "%R~cases:* ~telegram:* &bell:replies &webchat:* (+set %W~vault:*)"
    ),
    "push": (
        "~report:* ~token:* ~sent:* ~cases:* %W~case:* %R~media:* "
        "%R~outbox:media ~outbox:push ~outbox:push:* ~outbox:fence"
    ),
    "media": (
        "~media:* ~outbox:media ~outbox:media:* ~outbox:fence "
        "%W~outbox:replies %W~outbox:replies:bodies &bell:replies"
    ),
    "notices": (
        "%R~progress:* ~outbox:notices ~outbox:notices:* ~outbox:fence "
        "%W~outbox:delivery %W~outbox:delivery:bodies ~undeliverable ~erased ~rewriting ~rewritten "
        "+bgrewriteaof (+get %R~vault:*) (+del +expireat %W~vault:*)"
    ),
    "delivery": (
        "~outbox:delivery ~outbox:delivery:* ~outbox:fence ~inbox:* ~told:* ~undeliverable ~erased "
        "~telegram:* &webchat:* (+del +exists %W~vault:*)"
    ),
}


def new_passwords() -> dict[str, str]:
    """A password of 256 bits for each user."""
    return {user: secrets.token_hex(_PASSWORD_BYTES) for user in USERS}


def access_file(passwords: Mapping[str, str]) -> str:
    """The store's ``aclfile``: every user, the passwords as hashes. Raises KeyError."""
    lines = [
        "user default on nopass sanitize-payload resetkeys resetchannels -@all +ping",
        *(_user(role, passwords[role], f"{_COMMANDS} {_BELLS} {_KEYS[role]}") for role in ROLES),
        _user(OPERATOR, passwords[OPERATOR], "~* &* +@all"),
    ]
    return "\n".join(lines) + "\n"


def write_private(path: Path, words: str) -> None:
    """Put words into a file that its owner alone can read, all or nothing. Raises OSError."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(words)
    unfinished.replace(path)


def _user(name: str, password: str, rules: str) -> str:
    # Random passwords of 256 bits need no slow hash.
    digest = sha256(password.encode()).hexdigest()
    return f"user {name} on #{digest} sanitize-payload resetkeys resetchannels {rules}"
