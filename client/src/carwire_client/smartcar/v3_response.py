"""Results of v3 under the name of the module they have in the official package."""

from carwire_client.smartcar.types import SignalsResponse as Response

__all__ = ["Response"]
