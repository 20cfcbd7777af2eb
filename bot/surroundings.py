"""What bot and workers build alike from the settings: store, media, words, keys, links."""

from __future__ import annotations

import os
import resource
from collections.abc import Collection
from dataclasses import dataclass

from bot.channels.contract import Surroundings
from bot.core.form import Form
from bot.media_links import MediaLinks
from bot.secrets import link_key
from bot.store.connection import Store
from bot.store.media import MediaStore
from bot.vault.keys import KeyFolder, Layer
from config.form import read_form
from config.settings import Settings
from locales.catalogue import Catalogues


@dataclass(frozen=True, slots=True)
class Base:
    """The common ground of a process."""

    settings: Settings
    store: Store
    media: MediaStore
    form: Form
    catalogues: Catalogues
    links: MediaLinks
    keys: KeyFolder

    @property
    def surroundings(self) -> Surroundings:
        """What a channel is given."""
        return Surroundings(
            settings=self.settings,
            store=self.store.client,
            media=self.media,
            say=self.catalogues.say,
            locales=tuple(code for code, _ in self.catalogues.locales),
            media_link=self.links.path,
        )


def build_base(settings: Settings, opens: Collection[Layer] = ()) -> Base:
    """Read and connect; nothing is sent yet. `opens` are the layers whose custodian this is.

    Raises `SettingRefused`, `KeyTooOpen` or OSError.
    """
    # A core file would hold what this process has in memory: keys, and people who just spoke. And
    # what it writes, pictures above all, is nothing for other accounts of the machine.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    keys = KeyFolder(settings.data_dir / "keys", opens)
    keys.refuse_open()
    store = Store.at(settings.redis_url.get_secret_value(), settings.replicas)
    return Base(
        settings=settings,
        store=store,
        media=MediaStore.at(settings.media_url, settings.data_dir),
        form=read_form(settings),
        catalogues=Catalogues.load(settings.default_locale, settings.zone),
        links=MediaLinks(link_key(settings), settings.address),
        keys=keys,
    )
