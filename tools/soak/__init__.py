"""`make soak`: the lab under load for an hour, while its parts are killed; see `__main__`."""
