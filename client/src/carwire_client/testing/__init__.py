"""A Carwire with simulated cars for tests of programs that use the SDK; its fixtures are those of `pytest_carwire`.

Needs the server's distribution: ``carwire-client[testing]``. Nothing else of the SDK imports it.
"""

from carwire_client.testing.server import Car, CarwireServer, open_server

__all__ = ["Car", "CarwireServer", "open_server"]
