"""Runs the user's own conf, program and log unchanged in the lab, and counts hop by hop."""
