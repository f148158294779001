"""The calls of API v3 as it is documented now, with a token of the application itself."""
