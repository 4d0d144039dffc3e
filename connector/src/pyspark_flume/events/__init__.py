"""The events of a batch: one record, columns for all of them, and many values read in bulk."""
