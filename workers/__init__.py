"""The work that follows from a turn, each kind in a process of its own."""
