"""The loops beside the requests: cars are asked, events fanned out, deliveries sent. Any number of workers may run."""
