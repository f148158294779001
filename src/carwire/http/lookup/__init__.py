"""The lookup API: vehicles by VIN and plate, for holders of a key."""
