"""Connecting cars without a browser: what a run of Connect leaves behind, for tests that begin where it ends."""

from carwire.testing.owners import Connected, approve, connect

__all__ = ["Connected", "approve", "connect"]
