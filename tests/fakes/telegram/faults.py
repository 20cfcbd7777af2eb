"""Failures on demand: refusals, gateway pages, silence, and connections that break."""

from dataclasses import dataclass, field
from enum import Enum

from tests.fakes.telegram.base import RefusedError


class Kind(Enum):
    """How a call fails."""

    REFUSED = "an answer with ok: false"
    PAGE = "an HTML page, as from a gateway in front of the server"
    SILENCE = "no answer until the client goes away"
    RESET = "the connection breaks before the call is carried out"
    LOST = "the call is carried out, then the connection breaks"
    UNTOLD = "the call is carried out, and not answered until the client goes away"

    @property
    def carried_out(self) -> bool:
        """Whether the call has its effect all the same."""
        return self in {Kind.LOST, Kind.UNTOLD}


@dataclass
class Fault:
    """The next `left` calls of `method` (`*`: of any) fail."""

    method: str
    kind: Kind
    left: int
    refusal: RefusedError = field(
        default_factory=lambda: RefusedError(500, "Internal Server Error")
    )


class Faults:
    """The failures that wait for their call, first come first served."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Lets coming calls fail."""
        self._waiting.append(fault)

    def take(self, method: str) -> Fault | None:
        """The failure that this call meets, if any."""
        for fault in self._waiting:
            if fault.method in {method, "*"}:
                fault.left -= 1
                if fault.left == 0:
                    self._waiting.remove(fault)
                return fault
        return None
