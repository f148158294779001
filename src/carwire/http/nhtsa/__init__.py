"""NHTSA's API for vehicles, served from the tables here: clients of it change the host."""
