"""The pages: start, API reference, error reference. Server-written HTML, no script, nothing from another host."""
