"""``python -m bot acl FILE``: users for a store of one's own, one per role.

The file holds hashes and is for the store; the passwords are printed once, as lines for ``.env``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bot.vault.access import access_file, new_passwords, write_private

USAGE = "Usage: python -m bot acl FILE >> .env"


def acl(words: list[str]) -> int:
    """Write the file and print the passwords; the exit code."""
    if len(words) != 1:
        print(USAGE, file=sys.stderr)
        return 2
    path = Path(words[0])
    if path.exists():
        print(f"{path} is there already; it would lock out who uses it.", file=sys.stderr)
        return 2
    passwords = new_passwords()
    try:
        write_private(path, access_file(passwords))
        path.chmod(0o644)  # the store runs as somebody else; hashes of 256 random bits tell nothing
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}.", file=sys.stderr)
        return 2
    for user, password in passwords.items():
        print(f"STORE_PASSWORD_{user.upper()}={password}")
    return 0
