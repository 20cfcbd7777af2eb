"""What a service's definition asks for beyond the standard's fields.

The same for every service: the gateway's reference and what its conversation asked. None is
required, so that any GeoReport client can open a case. Nothing else that a client sends is kept.
"""

from collections.abc import Mapping

ATTRIBUTES: tuple[Mapping[str, object], ...] = (
    {
        "code": "reference",
        "datatype": "string",
        "datatype_description": "At most 128 characters; the same reference opens one case only",
        "description": "The report's own reference, given by whoever opens the case",
    },
    {
        "code": "hazard",
        "datatype": "string",
        "datatype_description": "At most 200 characters",
        "description": "The kind of hazard within the service",
    },
    {
        "code": "major",
        "datatype": "singlevaluelist",
        "datatype_description": "true or false",
        "description": "Whether somebody is in danger right now",
        "values": ({"key": "true", "name": "true"}, {"key": "false", "name": "false"}),
    },
    {
        "code": "media_urls",
        "datatype": "text",
        "datatype_description": "One address a line, at most 20 with media_url",
        "description": "Further pictures and videos",
    },
    {
        "code": "area",
        "datatype": "string",
        "datatype_description": "At most 200 characters",
        "description": "The area that the place belongs to",
    },
)


def definition(service_code: str) -> dict[str, object]:
    """The standard's service definition."""
    attributes = [
        {"variable": True, "required": False, "order": order, "values": (), **attribute}
        for order, attribute in enumerate(ATTRIBUTES, start=1)
    ]
    return {"service_code": service_code, "attributes": attributes}
