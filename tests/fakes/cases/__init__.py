"""Stand-in case systems on loopback: a GeoReport v2 server and a receiver of webhooks.

Both record what they get and fail on demand, call by call.
"""

from tests.fakes.cases.base import Fault, Received
from tests.fakes.cases.georeport import KEY, GeoReportServer, Manners
from tests.fakes.cases.receiver import SECRET, CaseReceiver
from tests.fakes.cases.sample import LINKS, Remembered, open311_settings, sample, webhook_settings

__all__ = [
    "KEY",
    "LINKS",
    "SECRET",
    "CaseReceiver",
    "Fault",
    "GeoReportServer",
    "Manners",
    "Received",
    "Remembered",
    "open311_settings",
    "sample",
    "webhook_settings",
]
