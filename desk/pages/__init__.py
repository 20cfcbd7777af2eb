"""The operators' pages: rendered here, working without scripts, in every catalogue's language."""
