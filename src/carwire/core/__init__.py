"""Facts and rules: no I/O, no waiting, and the clock is never read here."""
