"""A Carwire for tests of programs that use it: in this process, over a store in memory, on a clock that stands.

Nothing of the server imports this. What is named here is what other distributions may rely on.
"""

from carwire.testing.owners import Connected
from carwire.testing.rehearsal import ORIGIN, REDIRECT_URI, Rehearsal

__all__ = ["ORIGIN", "REDIRECT_URI", "Connected", "Rehearsal"]
