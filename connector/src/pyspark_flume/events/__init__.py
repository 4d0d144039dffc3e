"""The events of a batch: the record of one, the columns of all, and reading values in bulk."""
