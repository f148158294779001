"""Vehicle identification numbers: structure for the whole world, decoding where public tables reach.

`structure` reads what ISO 3779 and ISO 3780 define and every maker shares. `decode` describes what vPIC (the tables
makers file with the United States' NHTSA) adds for cars built for North America. `powertrain` derives the engine
type.
"""
