"""Small things that know nothing about cars: the clock, ids, secrets, redaction."""
