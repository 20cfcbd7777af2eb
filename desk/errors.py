"""What can stop the desk or refuse a change; one root, so that callers can be exact or general.

DeskError              a sentence for whoever started the desk; no traceback
├── BadSetting         a setting is missing or wrong
└── CannotStart        port taken, folder unwritable, database unreadable
ChangeRefused          an operator's change was not applied
├── NoSuchCase
├── Stale              somebody changed the case since the operator saw it
├── NotAllowed         the table of statuses has no such step
└── NoteTooLong
"""


class DeskError(Exception):
    """The message is one clear sentence; `exit_code` is what the process ends with."""

    exit_code = 1


class BadSetting(DeskError):
    exit_code = 2


class CannotStart(DeskError):
    pass


class ChangeRefused(Exception):
    """The case stands as it was."""


class NoSuchCase(ChangeRefused):
    pass


class Stale(ChangeRefused):
    pass


class NotAllowed(ChangeRefused):
    pass


class NoteTooLong(ChangeRefused):
    pass
