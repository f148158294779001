"""``python -m carwire``."""

from carwire.cli import main

main()
