"""Carwire: the open vehicle API server."""

__version__ = "0.1.0"
