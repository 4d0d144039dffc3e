"""Experiments: a load, a fault at a count of the ledger, a prediction, and what really happened."""
