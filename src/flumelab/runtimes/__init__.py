"""Where the lab runs: in Docker or as plain processes."""
