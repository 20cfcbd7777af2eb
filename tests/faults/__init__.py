"""The fault matrix: real processes, a real store, real kills; see ``python -m tests.faults``."""
