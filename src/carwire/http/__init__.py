"""The ASGI edge: decode the request, call one service, encode the answer."""
