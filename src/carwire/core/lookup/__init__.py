"""Vehicles by VIN: what is known of one, from which source, and which catalogue vehicle it is. Pure."""
