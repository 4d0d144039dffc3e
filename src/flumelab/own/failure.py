"""Explains a program's failure by the lines of the user's own files."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pyspark_flume

import flumelab

TRACEBACK = "Traceback (most recent call last)"
EXCEPTION_LINE = re.compile(r"^(?:\w+\.)*[A-Za-z]\w*(?:: .*)?$", re.M)
"""An exception in a traceback, where only this line is not indented."""
WORKERS_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>\S+))?')
NOT_OWN = [
    Path(sys.prefix),
    Path(sys.base_prefix),
    *(Path(module.__file__ or "/").parent for module in (flumelab, pyspark_flume)),
]

Frame = tuple[str, int, str]


def explain(error: BaseException, program: Path) -> Iterator[str]:
    """Yield the lines that explain a failure.

    The first one has the error, and the innermost line of the user's own files.

    A failure in a task arrives as a Java exception with a worker's traceback in its text.
    """
    frames = list(_frames_here(error, program))
    text = str(error)
    fact = f"{type(error).__name__}: {text.splitlines()[0] if text else ''}"
    if isinstance(error, SyntaxError):
        fact = f"{type(error).__name__}: {error.msg}"
    if TRACEBACK in text:
        worker = text[text.rindex(TRACEBACK) :]
        frames += _frames_in(worker, program)
        said = EXCEPTION_LINE.search(worker, len(TRACEBACK) + 1)
        fact = said[0] if said else worker.splitlines()[-1]
    if not frames:
        yield f"{program}: {fact}"
        return
    *outer, (file, line, name) = frames
    yield f"{file}, line {line}, in {name}: {fact}"
    yield f"    {_line_of(file, line)}"
    for file, line, name in reversed(outer):
        yield f"  called from {file}, line {line}, in {name}"
        yield f"    {_line_of(file, line)}"


def _frames_here(error: BaseException, program: Path) -> Iterator[Frame]:
    trace = error.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        if _is_own(code.co_filename, program):
            yield code.co_filename, trace.tb_lineno, code.co_name
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename and _is_own(error.filename, program):
        yield error.filename, error.lineno or 1, "<module>"


def _frames_in(worker: str, program: Path) -> Iterator[Frame]:
    for found in WORKERS_FRAME.finditer(worker):
        if _is_own(found["file"], program):
            yield found["file"], int(found["line"]), found["name"] or "<module>"


def _is_own(file: str, program: Path) -> bool:
    """Whether a file is the program, or a module beside it."""
    path = Path(file)
    if path == program:
        return True
    installed = "site-packages" in path.parts or any(each in path.parents for each in NOT_OWN)
    return program.parent in path.parents and not installed


def _line_of(file: str, line: int) -> str:
    try:
        text = Path(file).read_text(errors="replace")
    except OSError:
        return ""
    return "".join(text.split("\n")[line - 1 : line]).strip()  # splitlines() splits at \f, too
