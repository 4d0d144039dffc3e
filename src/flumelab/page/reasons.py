"""One sentence for each part that is dead or stuck: what is wrong, and what to do."""

from pathlib import Path

from flumelab.own.run_end import first_error


def of_a_dead_part(name: str, log: Path, remedy: str) -> str:
    """Say why a part has ended, from its log."""
    try:
        error = first_error(log)
    except OSError:
        error = None
    why = f"its log ends with an error: {error}" if error else "its log has no error: it was killed"
    return f"{name} has ended; {why}; {remedy}."


def of_a_silent_part(name: str, host: str, port: int) -> str:
    """Say that a part runs and does not answer."""
    return f"{name} runs, but {host}:{port} does not answer; flumelab logs {name} shows its log."
