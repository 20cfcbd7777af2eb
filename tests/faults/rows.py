"""All rows; to import them is to have them in `tests.faults.matrix.ROWS`."""

from tests.faults import (
    rows_answers,
    rows_asleep,
    rows_bot,
    rows_cases,
    rows_chaos,
    rows_clock,
    rows_deadly,
    rows_failover,
    rows_file,
    rows_others,
    rows_poison,
    rows_store,
    rows_updates,
    rows_worker,
)

__all__ = [
    "rows_answers",
    "rows_asleep",
    "rows_bot",
    "rows_cases",
    "rows_chaos",
    "rows_clock",
    "rows_deadly",
    "rows_failover",
    "rows_file",
    "rows_others",
    "rows_poison",
    "rows_store",
    "rows_updates",
    "rows_worker",
]
