"""The paths that people go, in this order. A new one is one line of `PATHS`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.canary import at_telegram, at_webchat, at_work
from tests.canary.scene import Scene

PATHS: dict[str, Callable[[Scene], Awaitable[None]]] = {
    path.__name__: path
    for path in (
        at_telegram.telegram_report,
        at_telegram.telegram_video,
        at_telegram.telegram_follow_up,
        at_telegram.telegram_nonsense,
        at_telegram.telegram_errors,
        at_telegram.telegram_too_fast,
        at_telegram.telegram_guesses,
        at_webchat.webchat_report,
        at_webchat.webchat_video,
        at_webchat.webchat_follow_up,
        at_webchat.webchat_nonsense,
        at_webchat.webchat_garbled,
        at_webchat.webchat_uploads_refused,
        at_webchat.webchat_too_fast,
        at_webchat.webchat_guesses,
        at_telegram.telegram_notices,
        at_webchat.webchat_notices,
        at_telegram.telegram_forgets_one,
        at_webchat.webchat_forgets_all,
        at_telegram.telegram_blocked,
        at_work.lost_keys,
        at_work.turns_that_always_fail,
        at_telegram.telegram_killed,
        at_webchat.webchat_killed,
        at_work.waiting_at_the_end,
    )
}
