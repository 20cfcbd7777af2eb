"""The desk's cases and services in the standard's own fields."""

from collections.abc import Mapping

from desk import words
from desk.cases import Case
from desk.context import Desk
from desk.deadlines import due_at
from desk.services import Service
from desk.statuses import Step


def service_row(service: Service, locale: str) -> dict[str, object]:
    return {
        "service_code": service.code,
        "service_name": service.name(locale),
        "description": None,
        "metadata": True,
        "type": "realtime",
        "keywords": ", ".join(service.keywords),
        "group": service.group(locale),
    }


def opened_row(case_id: int, locale: str) -> dict[str, object]:
    return {
        "service_request_id": str(case_id),
        "service_notice": words.text(locale, "open311.notice"),
        "account_id": None,
    }


def request_row(desk: Desk, case: Case, locale: str, *, whole: bool) -> dict[str, object]:
    """A case as a service request; only `whole` tells what was reported, where, and answered."""
    told: Mapping[str, object] = _told(case) if whole else {}
    expected = due_at(Step.FEEDBACK, case.clock_from, desk.settings.timezone)
    return {
        "service_request_id": str(case.id),
        "status": "closed" if case.closed else "open",
        "status_notes": told.get("status_notes"),
        "service_name": desk.services[case.service_code].name(locale),
        "service_code": case.service_code,
        "description": told.get("description"),
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": desk.local(case.requested_at).isoformat(),
        "updated_datetime": desk.local(case.updated_at).isoformat(),
        "expected_datetime": desk.local(expected).isoformat(),
        "address": told.get("address"),
        "address_id": told.get("address_id"),
        "zipcode": None,
        "lat": told.get("lat"),
        "long": told.get("long"),
        "media_url": told.get("media_url"),
    }


def _told(case: Case) -> dict[str, object]:
    return {
        "status_notes": case.note or None,
        "description": case.description or None,
        "address": case.address or None,
        "address_id": case.address_id or None,
        "lat": case.latitude,
        "long": case.longitude,
        "media_url": case.media[0] if case.media else None,
    }
