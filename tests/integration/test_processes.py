"""What the local runtime knows about its processes."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from flumelab.errors import LabError
from flumelab.runtimes.processes import Processes, all_processes, kill
from tests.support.spark import wait_for

OUTLIVES_ITS_MAIN_THREAD = """
import ctypes, pathlib, threading, time

def wait():
    while not pathlib.Path("end").exists():
        time.sleep(0.05)

threading.Thread(target=wait).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has zombies with threads")
def test_a_process_lives_as_long_as_one_of_its_threads(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("service", [sys.executable, "-c", OUTLIVES_ITS_MAIN_THREAD], {}, tmp_path)
    process = psutil.Process(processes.running()["service"].pid)
    wait_for(lambda: process.status() == psutil.STATUS_ZOMBIE, "the main thread has ended")
    assert "service" in processes.running()
    (tmp_path / "end").touch()
    wait_for(lambda: "service" in processes.dead(), "the other thread has ended as well")
    processes.stop("service", 5)


def test_a_process_that_has_ended_does_not_keep_the_others_from_being_killed() -> None:
    command = [sys.executable, "-c", "input()"]
    first, second = (subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(2))
    found = [psutil.Process(first.pid), psutil.Process(second.pid)]
    first.communicate(b"\n")
    kill(found)
    assert second.wait(5) == -9


def test_a_process_with_the_pid_of_one_that_was_seen_before_is_killed() -> None:
    first = subprocess.Popen(["sleep", "60"])
    assert first.pid in {each.pid for each in all_processes()}
    first.kill()
    first.wait()
    time.sleep(0.05)  # Linux tells the time of a start in hundredths of a second
    second = _with_pid(first.pid)
    try:
        kill(each for each in all_processes() if each.pid == second.pid)
        assert second.wait(5) == -9
    finally:
        second.kill()


def _with_pid(pid: int) -> subprocess.Popen[bytes]:
    last = Path("/proc/sys/kernel/ns_last_pid")
    for _ in range(50):  # another process may take it
        try:
            last.write_text(str(pid - 1))
        except OSError as error:
            pytest.skip(f"only root on Linux can choose a pid: {error}")
        process = subprocess.Popen(["sleep", "60"])
        if process.pid == pid:
            return process
        process.kill()
        process.wait()
    pytest.skip(f"other processes took the pid {pid}")


STARTS_IT_AND_STAYS = """
import pathlib, sys
from flumelab.runtimes.processes import Processes

state = pathlib.Path(sys.argv[1])
Processes(state).start("service", ["sleep", "60"], {}, state)
input()
"""


def test_a_stop_does_not_wait_until_somebody_reads_the_exit_code(tmp_path: Path) -> None:
    """Of an orphan that is process 1, which in a container may never do it."""
    command = [sys.executable, "-c", STARTS_IT_AND_STAYS, str(tmp_path)]
    processes = Processes(tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as parent:
        started = wait_for(lambda: processes.running().get("service"), "the service runs")
        assert processes.stop("service", 20)
        assert psutil.Process(started.pid).status() == psutil.STATUS_ZOMBIE
        parent.communicate(b"\n")


def test_a_killed_service_is_dead_with_its_children_and_not_stopped(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    child = "import subprocess; subprocess.run(['sleep', '60'])"
    processes.start("service", [sys.executable, "-c", child], {}, tmp_path)
    parent = psutil.Process(processes.running()["service"].pid)
    wait_for(lambda: parent.children(), "the child runs")
    [started] = parent.children()
    processes.kill("service")
    assert "service" in processes.dead()
    assert not psutil.pid_exists(started.pid) or started.status() == psutil.STATUS_ZOMBIE
    with pytest.raises(LabError, match="service does not run; flumelab status shows"):
        processes.kill("service")
    processes.stop("service", 0)
    assert processes.dead() == {}


def test_a_service_whose_start_was_cut_short_is_ended_although_no_record_names_it(
    tmp_path: Path,
) -> None:
    processes = Processes(tmp_path)
    processes.start("service", ["sleep", "60"], {}, tmp_path)
    process = psutil.Process(processes.running()["service"].pid)
    (tmp_path / "processes.json").unlink()
    assert not processes.stop("service", 5)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert processes.stop("service", 5)
