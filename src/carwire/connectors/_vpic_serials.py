"""Manufacturer identifiers whose vPIC patterns reach behind position 11. See tools/serial_wmis.py."""

from typing import Final

DATA_MONTH: Final = "2026_10"
_NAMES: Final = """\
11N 123 13N 13T 15C 15R 16F 16S 19F 19T 1EB 1HL 1LP 1NF 1R0 1SA 1UJ 1WT 4BE 4BF 4FG 4MZ 4P1 4XT 50E 50G 52G 538 54C
54D 58T 59P 59R 5BC 5HL 5HT 5MZ 6PM 722 7KY 7RZ 7UU 95Z JAL LB4 LRY MD2 ME3 SCC VBK ZAM
"""
SERIAL_WMIS: Final = frozenset(_NAMES.split())
