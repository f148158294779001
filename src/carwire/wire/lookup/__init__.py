"""The lookup API as it is spelled on the wire."""
