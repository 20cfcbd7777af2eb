"""The case systems that a report can be pushed into."""
