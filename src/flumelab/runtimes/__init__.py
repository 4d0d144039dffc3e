"""The places in which the lab runs: Docker, or plain processes."""
