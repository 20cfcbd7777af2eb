"""What can stop the desk or refuse a change; one root, so that callers can be exact or general.

DeskError              a sentence for whoever started the desk; no traceback
├── BadSetting         a setting is missing or wrong
└── CannotStart        port taken, folder unwritable, database unreadable
ChangeRefused          an operator's change was not applied
├── NoSuchCase
├── Stale              somebody changed the case since the operator saw it
├── NotAllowed         the table of statuses has no such step
└── NoteTooLong
StoppedUnknown         the gateway does not tell what it gave up, or whether it put it back
├── NoKey              the desk was given none to ask with
├── KeyRefused         it is not the gateway's
└── NoAnswer           nothing usable came in time
NotPutBack             the gateway says that it put nothing back
├── NotStopped         nothing of that name is stopped any more
└── NotInDoubt         only a report in doubt may be sent as new
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


class StoppedUnknown(Exception):
    """Nobody at the desk can know how it stands."""


class NoKey(StoppedUnknown):
    pass


class KeyRefused(StoppedUnknown):
    pass


class NoAnswer(StoppedUnknown):
    pass


class NotPutBack(Exception):
    """The work stands as it did."""


class NotStopped(NotPutBack):
    pass


class NotInDoubt(NotPutBack):
    pass
