"""The routes of API v3."""
