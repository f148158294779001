"""External lookup services an operator has a contract with, asked over HTTP as a mapping file says."""
