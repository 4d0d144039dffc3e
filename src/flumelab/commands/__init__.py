"""The commands of `flumelab`, by what they are about. They parse, ask, and print.

Each module has its own Typer, which cli.py adds to the command line; other modules do the work.
"""
