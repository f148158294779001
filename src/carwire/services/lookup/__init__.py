"""Lookup: vehicles by VIN and plate, keys and what is done with them, imports."""
