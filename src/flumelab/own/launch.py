"""Starts a user's program inside the Spark driver, unchanged.

    spark-submit launch.py PROGRAM [argument]…

What the program names and this machine does not have is replaced (`surroundings`). Meanwhile a
thread writes how many events Spark has stored and counted (`progress`), and ends the streams when
the lab asks for it. Environment variables:

- `LAB_MASTER`: the master for a program whose own master is not available
- `LAB_OWN_FOLDERS`: the folder for paths that do not exist; `LAB_OWN_MAP`: JSON, the user's map
- `LAB_OWN_SOCKETS`: the folder with the files to serve on ports, which `line_server` reads
- `PROGRESS`: the file that `progress` writes; `STOP_FILE`: the file that asks for the end
"""

import json
import os
import re
import runpy
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from pyspark.streaming import StreamingContext

from flumelab.own import patches, surroundings
from flumelab.own.adapt import Folders
from flumelab.own.progress import Progress

POLL_SECONDS = 0.5
INTERRUPTED = "java.lang.InterruptedException"
TRACEBACK = "Traceback (most recent call last)"
EXCEPTION_LINE = re.compile(r"^(?:\w+\.)*[A-Za-z]\w*(?:: .*)?$", re.M)
"""An exception in a traceback, where only this line is not indented."""


def run(program: Path, arguments: list[str]) -> int:
    """Run the program to its end and return its exit code."""
    sys.argv = [str(program), *arguments]
    sys.path[0] = str(program.parent)
    _close_stdin()
    progress = Progress(Path(os.environ["PROGRESS"]))
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(progress, ended), daemon=True)
    watcher.start()
    code = 1
    try:
        runpy.run_path(str(program), run_name="__main__")
        _wait_for_streams(program)
        code = 0
    except SystemExit as end:
        code = exit_code(end)
    except BaseException as error:
        sys.last_value = error  # so that nobody says that the program lacks its last line
        if is_interrupted_by_the_stop(error):
            patches.tell("the stop interrupted a batch that Spark was planning")
            code = 0
        else:
            progress.failure = list(explain(error, program))
            print("\n".join(progress.failure), file=sys.stderr, flush=True)
    finally:
        progress.ended = code
        ended.set()
        watcher.join()
    return code


def is_interrupted_by_the_stop(error: BaseException) -> bool:
    """Whether a program's error only says that the lab has ended its streams.

    A graceful stop takes so many seconds at most. Then Spark interrupts the thread that plans
    batches, even if a function of `transform` waits for a job in it, and awaitTermination raises
    that. Whether all was counted until then, the hops show.
    """
    return Path(os.environ["STOP_FILE"]).exists() and INTERRUPTED in str(error)


def exit_code(end: SystemExit) -> int:
    """Return the code of a `sys.exit`, which prints what is not a number, as Python does."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr, flush=True)
    return 1


def explain(error: BaseException, program: Path) -> Iterator[str]:
    """Yield the lines that explain a program's failure: the user's own code, then the error.

    A failure in a task arrives as a Java exception with a worker's traceback in its text.
    """
    frames = []
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(program):
            frames.append((trace.tb_lineno, trace.tb_frame.f_code.co_name))
        trace = trace.tb_next
    text = str(error)
    fact = f"{type(error).__name__}: {text.splitlines()[0] if text else ''}"
    if TRACEBACK in text:
        worker = text[text.rindex(TRACEBACK) :]
        own = re.findall(rf'File "{re.escape(str(program))}", line (\d+), in (\S+)', worker)
        frames += [(int(line), name) for line, name in own]
        said = EXCEPTION_LINE.search(worker, len(TRACEBACK) + 1)
        fact = said[0] if said else worker.splitlines()[-1]
    source = program.read_text(errors="replace").split("\n")  # splitlines() splits at \f, too
    yield "The program failed:"
    for line, name in frames:
        yield f"  {program}, line {line}, in {name}"
        yield f"    {''.join(source[line - 1 : line]).strip()}"
    yield f"  {fact}"


def _watch(progress: Progress, ended: threading.Event) -> None:
    """Write the progress until the program has ended; end its streams once the lab asks for it."""
    stop_file = Path(os.environ["STOP_FILE"])
    # It takes as long as Spark needs to count, and the progress goes on meanwhile.
    ending = threading.Thread(target=progress.end_streams, daemon=True)
    while not ended.wait(POLL_SECONDS):
        progress.write()
        if stop_file.exists() and not ending.ident:
            ending.start()
    if ending.ident:
        ending.join()
    progress.write()


def _close_stdin() -> None:
    """Let a program that reads its standard input find the end: spark-submit keeps a pipe open."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _wait_for_streams(program: Path) -> None:
    """Wait on behalf of the program, because its end would end its streams."""
    lacks = "{} lacks {}.awaitTermination() and ended while its streams run; the lab waits for them"
    if streaming := StreamingContext.getActive():
        patches.tell(lacks.format(program, "ssc"))
        streaming.awaitTermination()
    elif spark := Progress.session():
        for query in spark.streams.active:
            patches.tell(lacks.format(program, "query"))
            query.awaitTermination()


if __name__ == "__main__":
    mapped = json.loads(os.environ.get("LAB_OWN_MAP", "{}"))
    folders = Folders(
        Path(os.environ["LAB_OWN_FOLDERS"]), {old: Path(new) for old, new in mapped.items()}
    )
    surroundings.replace_what_is_not_here(folders, os.environ["LAB_MASTER"])
    sys.exit(run(Path(sys.argv[1]).absolute(), sys.argv[2:]))
