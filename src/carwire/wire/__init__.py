"""Spelling: how each wire version writes what the core knows. Pure functions; versions do not know each other."""
