"""The results of Carwire's own API, ``/v1``. Its members are in snake case on the wire too."""
