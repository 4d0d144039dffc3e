"""The exercises: what they are, how they are checked, and the commands of `flumelab learn`."""
