"""Our own API beside the wires: VINs and explained compatibility. Bodies are the core's own structs, errors the v2.0
shape.
"""
