"""The calls of Carwire's own API, ``/v1``: other servers do not have them."""
