"""A report to send, and settings that name a stand-in."""

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace
from pydantic import SecretStr

from bot.core.report import Place, Report
from config.settings import Settings
from tests.fakes.cases.georeport import KEY
from tests.fakes.cases.receiver import SECRET
from workers.cases.contract import Submission
from workers.cases.mapping import coarse

LINKS = tuple(f"http://gateway.example/media/{letter * 22}?until=9&sign=a%2Bb" for letter in "abc")


def sample(
    reference: str = "0123456789ABCDEFGHJKMNPQRS", links: tuple[str, ...] = LINKS, **changes: Any
) -> Submission:
    """A report as the push worker hands it over; `changes` are fields of `Report`."""
    report = Report(
        reference=reference,
        category="fire",
        hazard="blocked_exit",
        place=Place(30.691234567, 111.286, "西陵区东山大道 1 号 & 后门"),
        media=tuple("abc"),
        description="楼道里堆满电动车，\n充电线 100% 从窗户拉下 <3 米 + 出口 = 堵死 🔥",
        danger=True,
        submitted_at=datetime.now(UTC),
    )
    report = replace(report, **changes)
    return Submission(
        report, "fire", "消防安全：通道被堵", coarse(report.submitted_at, "hour", UTC), links
    )


def open311_settings(url: str, **changes: Any) -> Settings:
    """Settings for a GeoReport v2 server at `url`, the desk where it is empty; reads no file."""
    return Settings(  # type: ignore[call-arg]
        _env_file=None,
        case_system="open311" if url else "desk",
        open311_url=url,
        open311_api_key=SecretStr(changes.pop("key", KEY)),
        **changes,
    )


def webhook_settings(url: str, secret: str = SECRET) -> Settings:
    """Settings for a receiver of webhooks at `url`; reads no file."""
    return Settings(  # type: ignore[call-arg]
        _env_file=None,
        case_system="webhook",
        case_webhook_url=url,
        case_webhook_secret=SecretStr(secret),
    )


class Remembered(dict[str, str]):
    """Tokens in memory."""

    async def keep(self, reference: str, token: str) -> None:
        self[reference] = token

    async def of(self, reference: str) -> str | None:
        return self.get(reference)
