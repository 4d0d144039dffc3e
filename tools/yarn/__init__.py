"""The connector's wheel on a YARN of this machine: ``make yarn``."""
