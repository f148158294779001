"""Simulated cars that behave like cars, behind the same port as real ones.

The world is pure and deterministic: from a seed, a starting moment and a list of events follows every value of every
car, to the byte. Only `worldfile`, `keeper` and `source` touch the outside; `desk` is for whoever tests with the cars.
"""
