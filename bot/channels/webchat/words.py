"""The page's own words: which sentences of the catalogue it shows, and what it fills in.

The page gets them in every language with its first load, so that it can change language and say
that there is no connection without asking anybody. A name in braces is filled in by the page.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.core.dialogue import Message

PAGE_WORDS: dict[str, tuple[str, ...]] = {
    "web.title": (),
    "web.tagline": (),
    "web.menu": (),
    "menu.back": (),
    "menu.reports": (),
    "menu.guide": (),
    "menu.privacy": (),
    "web.menu.forget": (),
    "web.forget.title": (),
    "web.forget.ask": (),
    "web.forget.yes": (),
    "web.forget.no": (),
    "web.close": (),
    "web.log": (),
    "web.you": (),
    "web.bot": (),
    "web.notice": (),
    "web.earlier": (),
    "web.typing": (),
    "web.failed": (),
    "web.message": (),
    "web.placeholder": (),
    "web.placeholder.location": (),
    "web.placeholder.description": (),
    "web.placeholder.media": (),
    "web.placeholder.press": (),
    "web.send": (),
    "web.attach": (),
    "web.camera": (),
    "web.film": (),
    "web.gallery": (),
    "web.cover": (),
    "web.cover.title": (),
    "web.cover.how": (),
    "web.cover.undo": (),
    "web.cover.send": (),
    "web.cover.no": (),
    "web.cover.failed": (),
    "web.position": (),
    "web.choices": (),
    "web.newest": (),
    "web.connecting": (),
    "web.offline": (),
    "web.retrying": (),
    "web.memory_only": (),
    "web.upload.waiting": (),
    "web.upload.done": (),
    "web.upload.cancel": ("name",),
    "web.upload.retry": ("name",),
    "web.upload.failed": (),
    "web.upload.offline": (),
    "web.upload.too_large": ("limit",),
    "web.upload.empty": (),
    "web.upload.unsupported": (),
    "web.upload.too_many": ("limit",),
    "web.picture": (),
    "web.video": (),
    "web.thumbnail": ("number",),
    "web.position.finding": (),
    "web.position.preview": (),
    "web.position.accuracy": ("metres",),
    "web.position.only_this": (),
    "web.position.send": (),
    "web.position.again": (),
    "web.position.no": (),
    "web.position.sent": (),
    "web.position.denied": (),
    "web.position.unavailable": (),
    "web.position.timeout": (),
    "web.position.insecure": (),
    "web.position.picture": (),
    "web.receipt": (),
    "web.receipt.copy": (),
    "web.receipt.copied": (),
    "web.receipt.kept": (),
}

Say = Callable[[str, Message], str]


def page_words(say: Say, locale: str) -> dict[str, str]:
    """Every sentence of the page in one language; what the page fills in stands in braces."""
    return {
        name: say(locale, Message(name, {blank: f"{{{blank}}}" for blank in blanks}))
        for name, blanks in PAGE_WORDS.items()
    }
