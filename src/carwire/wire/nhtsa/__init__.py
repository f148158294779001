"""The wire of NHTSA's own API for vehicles (vPIC), as far as it is served."""
