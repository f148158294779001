"""Can this car be connected, and what can it do then: the catalogue of what makes support, and the verdict for one
car.
"""
