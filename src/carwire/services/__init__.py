"""One room per capability. A service joins facts from the ports with the rules of `core`; it knows no wire and no
framework.
"""
