"""The conformance kit: what clients of this wire rely on, asked of any server that speaks it.

It knows the wire by its own tables, written from the wire's documentation and from what the official SDKs do, and
nothing of our server: a table of the server's must not be measured by itself.
"""

from carwire.conformance.registry import CHECKS
from carwire.conformance.running import Finding, Report, run
from carwire.conformance.talk import Access, Talk

__all__ = ["CHECKS", "Access", "Finding", "Report", "Talk", "run"]
