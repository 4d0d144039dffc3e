"""The version of all distributions here; their pyproject.toml read it from this file."""

VERSION = "0.1.0"
