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
import runpy
import sys
import threading
import time
import traceback
from pathlib import Path

from pyspark.streaming import StreamingContext

from flumelab.own import patches, surroundings
from flumelab.own.adapt import Folders
from flumelab.own.failure import explain
from flumelab.own.program_output import FAILED
from flumelab.own.progress import Progress

POLL_SECONDS = 0.1
WRITE_SECONDS = 0.5  # Spark is asked no more often, until its streams are to end
INTERRUPTED = "java.lang.InterruptedException"


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
            print("\n".join([FAILED, *progress.failure]), file=sys.stderr)
            traceback.print_exception(error)
            sys.stderr.flush()
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


def _watch(progress: Progress, ended: threading.Event) -> None:
    """Write the progress until the program has ended; end its streams once the lab asks for it."""
    stop_file = Path(os.environ["STOP_FILE"])
    # It takes as long as Spark needs to count, and the progress goes on meanwhile.
    ending = threading.Thread(target=progress.end_streams, daemon=True)
    due = 0.0
    while not ended.wait(POLL_SECONDS):
        if stop_file.exists() and not ending.ident:
            ending.start()
        if ending.ident or time.monotonic() >= due:
            progress.write()
            due = time.monotonic() + WRITE_SECONDS
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
