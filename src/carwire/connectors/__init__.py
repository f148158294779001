"""Sources of vehicle data, one module or folder each. They do not know each other and reach the middle through `core`
only.
"""
