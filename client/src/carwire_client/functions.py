"""The calls that belong to no vehicle, as functions: for a script that makes one of them.

Each makes a client from the environment, uses it once and closes it. Who calls more often makes a `Client`.
"""

from __future__ import annotations

from typing import Final

from carwire_client.binding import once
from carwire_client.calls import account, compatibility, v3
from carwire_client.drivers import Driver

get_user: Final = once(account.get_user, Driver)
get_vehicles: Final = once(account.get_vehicles, Driver)
get_vehicle: Final = once(v3.get_vehicle, Driver)
get_compatibility: Final = once(compatibility.get_compatibility, Driver)
get_compatibility_matrix: Final = once(compatibility.get_compatibility_matrix, Driver)
get_connections: Final = once(account.get_connections, Driver)
delete_connections: Final = once(account.delete_connections, Driver)
