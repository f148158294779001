"""The results of API v3 as it is documented now: a resource is flat, its attributes are the struct's own."""
