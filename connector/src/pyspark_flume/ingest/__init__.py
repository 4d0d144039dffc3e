"""Fills a landing log: accepts events, recognises lines that are sent again, stores the rest."""
