"""Connect: the pages on which an owner connects a car."""
