"""The two ways to run the lab: in Docker, or as plain processes."""
