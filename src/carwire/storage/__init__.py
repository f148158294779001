"""Where things are kept: the database, and the data files that come with the package."""
