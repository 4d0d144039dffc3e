"""Builds and checks what a release uploads: ``make release-check``, ``make licences``."""
