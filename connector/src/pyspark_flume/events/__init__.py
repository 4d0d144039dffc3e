"""The events of a batch: one record, columns, and reading many at once."""
