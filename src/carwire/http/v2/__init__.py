"""The routes of API v2.0."""
