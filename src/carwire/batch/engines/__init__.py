"""The decode of lists inside other engines: each a few lines over `carwire.batch.arrow`.

Every adapter has the same parameters, those of `carwire.batch.arrow.decode`. The moment of the decode is set once,
where the adapter is called, so that every worker decodes for the same one.
"""
