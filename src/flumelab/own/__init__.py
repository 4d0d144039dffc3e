"""The user's own conf, program and log: run in the lab as they are, and counted hop by hop."""
