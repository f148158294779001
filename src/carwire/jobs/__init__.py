"""Queues of jobs, one module each: in memory for one process, on PostgreSQL for any number."""
