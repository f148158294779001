"""The one door to car makers: shares reads, spends budgets, breaks circuits, passes commands on once."""
