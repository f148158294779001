"""Webhooks: kept and changed, verified, told of events, delivered to."""
