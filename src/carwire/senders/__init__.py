"""Ways out: events leave through here, to endpoints of somebody else."""
