"""Holds calls and objects against the published schema of the Bot API.

`schema.json` is the part of Bot API 10.1 that the project uses: methods, and every type that they
or an incoming update can reach. A complaint is a sentence; no complaints means valid.
"""

import json
from pathlib import Path
from typing import Any

from tests.fakes.telegram.base import Json, Upload

_ARRAY = "Array of "
_PLAIN: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "Float": (int, float),
    "String": (str,),
    "InputFile": (Upload,),
    "KeyboardButton": (str,),  # the documentation lets a string stand for a button
}


class Schema:
    """The published methods and types."""

    def __init__(self) -> None:
        known = json.loads(Path(__file__).with_name("schema.json").read_text())
        self._methods: dict[str, Json] = known["methods"]
        self._types: dict[str, Json] = known["types"]

    def call(self, method: str, parameters: Json) -> list[str]:
        """Complaints about a call whose parameters are decoded already."""
        if method not in self._methods:
            return [f"{method}: unknown method"]
        return self._fields(self._methods[method], parameters, method)

    def result(self, method: str, result: Any) -> list[str]:
        """Complaints about what this server is about to answer."""
        return self._value(self._methods[method]["returns"], result, f"{method} result")

    def object(self, name: str, value: Any) -> list[str]:
        """Complaints about a value that should be a `name`."""
        return self._value([name], value, name)

    def types_of(self, method: str, parameter: str) -> list[str]:
        """The types that a parameter may have; none when it is unknown."""
        shape = self._methods.get(method, {})
        fields = shape.get("required", {}) | shape.get("optional", {})
        return list(fields.get(parameter, []))

    def _fields(self, shape: Json, values: Json, where: str) -> list[str]:
        required, optional = shape.get("required", {}), shape.get("optional", {})
        complaints = [f"{where}: {name} is missing" for name in required if name not in values]
        for name, value in values.items():
            types = required.get(name) or optional.get(name)
            if types is None:
                complaints.append(f"{where}: unknown field {name}")
            else:
                complaints += self._value(types, value, f"{where}.{name}")
        return complaints

    def _value(self, types: list[str], value: Any, where: str) -> list[str]:
        if isinstance(value, list):
            return self._array(types, value, where)
        if isinstance(value, dict):
            return self._object(types, value, where)
        if any(_is_plain(name, value) for name in types):
            return []
        return [f"{where}: expected {' or '.join(types)}, got {type(value).__name__}"]

    def _array(self, types: list[str], values: list[Any], where: str) -> list[str]:
        elements = [name.removeprefix(_ARRAY) for name in types if name.startswith(_ARRAY)]
        if not elements:
            return [f"{where}: expected {' or '.join(types)}, got an array"]
        return [
            complaint
            for index, value in enumerate(values)
            for complaint in self._value(elements, value, f"{where}[{index}]")
        ]

    def _object(self, types: list[str], value: Json, where: str) -> list[str]:
        names = [name for name in self._concrete(types) if self._may_be(name, value)]
        if not names:
            return [f"{where}: expected {' or '.join(types)}, got another object"]
        attempts = [self._fields(self._types[name], value, where) for name in names]
        return min(attempts, key=len)

    def _concrete(self, types: list[str]) -> list[str]:
        found: list[str] = []
        for name in types:
            shape = self._types.get(name)
            if shape is not None:
                found += self._concrete(shape["subtypes"]) if "subtypes" in shape else [name]
        return found

    def _may_be(self, name: str, value: Json) -> bool:
        constants = self._types[name].get("constants", {})
        return all(value.get(field) == constant for field, constant in constants.items())


def _is_plain(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return name == "Boolean"
    return isinstance(value, _PLAIN.get(name, ()))
