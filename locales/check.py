"""Holds the catalogues to the code: ``python -m locales.check`` prints one line for each fault.

A sentence that is used but missing, written but unused, that lost a blank in one language, lacks a
plural form or is marked fuzzy would otherwise be noticed by the person who needed it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import read_po

from locales.catalogue import FOLDER
from locales.usage import Usage, read_usage


def main() -> int:
    """Check all catalogues against the code; 0 if there is no fault."""
    catalogues = read_catalogues(FOLDER)
    found = faults(catalogues, read_usage(sections(catalogues)))
    for fault in found:
        print(fault)
    return 1 if found else 0


def read_catalogues(folder: Path) -> dict[str, Catalog]:
    """Every catalogue of a folder by its language."""
    catalogues = {}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as source:
            catalogues[path.stem] = read_po(source, locale=path.stem, abort_invalid=True)
    return catalogues


def sections(catalogues: dict[str, Catalog]) -> frozenset[str]:
    """The first parts of all ids."""
    names = (name for catalogue in catalogues.values() for name in _entries(catalogue))
    return frozenset(name.partition(".")[0] for name in names)


def faults(catalogues: dict[str, Catalog], usage: Usage) -> list[str]:
    """One line for each fault, none if all is well."""
    entries = {code: _entries(catalogue) for code, catalogue in catalogues.items()}
    found = [f"nothing says what fills {pattern}" for pattern in sorted(usage.unknown)]
    for code, own in entries.items():
        found += [f"{code}: missing {name}" for name in sorted(usage.used - set(own))]
        found += [f"{code}: unused {name}" for name in sorted(set(own) - usage.used)]
        for name, entry in sorted(own.items()):
            found += [f"{code}: {fault} {name}" for fault in _own_faults(entry, catalogues[code])]
            found += [f"{code}: {fault} {name}" for fault in _blank_faults(entry, usage, entries)]
    return found


def _entries(catalogue: Catalog) -> dict[str, Entry]:
    return {_name(entry): entry for entry in catalogue if entry.id}


def _name(entry: Entry) -> str:
    return entry.id if isinstance(entry.id, str) else entry.id[0]


def _forms(entry: Entry) -> tuple[str, ...]:
    return (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ("",))


def _own_faults(entry: Entry, catalogue: Catalog) -> Iterator[str]:
    if entry.fuzzy:
        yield "fuzzy"
    forms = _forms(entry)
    if not all(forms):
        yield "empty"
    if entry.pluralizable and len(forms) != catalogue.num_plurals:
        yield f"{len(forms)} of {catalogue.num_plurals} plural forms in"
    if entry.pluralizable and len(set(entry.id)) > 1:
        yield "two ids for the plurals of"


def _blank_faults(
    entry: Entry, usage: Usage, entries: dict[str, dict[str, Entry]]
) -> Iterator[str]:
    name, blanks = _name(entry), _blanks(entry)
    filled = usage.filled.get(name)
    for unfilled in sorted(blanks - filled) if filled is not None else ():
        yield f"{{{unfilled}}} is never filled in"
    for own in entries.values():
        other = own.get(name)
        for lost in sorted(_blanks(other) - blanks) if other else ():
            yield f"{{{lost}}} is lost in"
        if other and other.pluralizable != entry.pluralizable:
            yield "plural in one language only:"


def _blanks(entry: Entry) -> frozenset[str]:
    parsed = (Formatter().parse(form) for form in _forms(entry))
    return frozenset(blank for form in parsed for _, blank, _, _ in form if blank is not None)


if __name__ == "__main__":
    sys.exit(main())
