"""A person at the menu, who just opened the chat."""

import pytest

from tests.handlers.person import Person


@pytest.fixture
def person() -> Person:
    return Person()
