"""API v2.0, as the official SDKs read it."""
