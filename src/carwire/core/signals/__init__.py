"""Signals: what a car can tell, one fact each. The catalogue of them, readings with their times, what can go wrong
instead, and units.
"""
