"""compose.yaml as a whole: start, feed, inspect, stop, start again.

The tests share one lab and build on each other: a start takes a minute on two cores.
"""

import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

import docker
import pytest
import requests
from testcontainers.compose import DockerCompose

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]

EXCERPT = ROOT / "tests/data/access_excerpt.log"
FILES = ["--spool", "/data/spool", "--ledger", "/data/ledger/ledger.jsonl"]
SECONDS_MAX = 180  # two busy cores
GIB = 1 << 30

PORTS = ("LAB_METRICS_PORT", "LAB_UI_PORT", "LAB_MASTER_PORT", "LAB_PAGE_PORT")


@dataclass
class Hops:
    """Lines at each hop, as the hops themselves report them, and by URL at both ends."""

    generated: Counter[str]
    counted: Counter[str]
    spooled: int
    received: int
    sent: int

    def lines(self) -> list[int]:
        return [
            self.generated.total(), self.spooled, self.received, self.sent, self.counted.total()
        ]  # fmt: skip


class Lab:
    """The services, by testcontainers."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = ports
        self.compose = DockerCompose(ROOT)
        self.engine = docker.from_env()

    def run(self, service: str, *command: str) -> str:
        return str(self.compose.exec_in_container([*command], service)[0])

    def feed(self, *options: str, stdin: bytes | None = None) -> dict[str, Any]:
        """Run a second generator beside the first; returns its own summary."""
        command = ["docker", "compose", "exec", "-T", "loadgen", "python3", "-m", "loadgen"]
        done = subprocess.run(
            [*command, *FILES, "--json", *options],
            cwd=ROOT,
            input=stdin or b"",
            capture_output=True,
            timeout=SECONDS_MAX,
            check=True,
        )
        summary: dict[str, Any] = json.loads(done.stdout)
        return summary

    def hops(self) -> Hops:
        audit = json.loads(self.run("loadgen", "python3", "-m", "loadgen.audit", *FILES))
        runs = self.run("flume", "sh", "-c", "cat /data/metrics/*.json | tr -d '\\n'")
        received = re.findall(r'"EventPutSuccessCount": "(\d+)"', runs)
        sent = re.findall(r'"EventDrainSuccessCount": "(\d+)"', runs)
        counts = json.loads(
            self.run("url-counts", "python", "-m", "flumelab.programs.result_store")
        )
        generated = audit["generated"]
        return Hops(
            generated=by_url(generated["urls"], generated["malformed"]),
            counted=by_url(counts["totals"], counts["malformed"]),
            spooled=audit["spooled"],
            received=sum(map(int, received)),
            sent=sum(map(int, sent)),
        )

    def wait_until_balanced(self, lines: int) -> Hops:
        """Wait until every hop reports that many lines, and both ends agree on each URL."""
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            hops = self.hops()
            if hops.generated == hops.counted and hops.lines() == [lines] * 5:
                return hops
            assert time.monotonic() < deadline, (
                f"{lines} lines wanted; generated, spooled, received, sent, counted: "
                f"{hops.lines()}; lost {hops.generated - hops.counted}; "
                f"duplicated {hops.counted - hops.generated}; log of url-counts:\n"
                f"{self.compose.get_logs('url-counts')[0][-2000:]}"
            )
            time.sleep(1)

    def containers(self) -> dict[str, Any]:
        """By name."""
        of_project = {"label": f"com.docker.compose.project={os.environ['COMPOSE_PROJECT_NAME']}"}
        return {c.name: c for c in self.engine.containers.list(all=True, filters=of_project)}

    def url(self, port: str, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.ports[port]}{path}"

    def __enter__(self) -> Self:
        self.compose.stop()  # an interrupted run of these tests may have left something
        try:
            self.start()
        except BaseException:
            self.compose.stop()
            raise
        return self

    def start(self) -> None:
        """Start it; if that fails, show the logs, as Compose does not say what is unhealthy."""
        try:
            self.compose.start()
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode()[-1000:] + self.compose.get_logs()[0][-5000:]
            raise AssertionError(f"docker compose up --wait failed:\n{said}") from None

    def __exit__(self, *_: object) -> None:
        self.compose.stop()
        self.engine.close()


@pytest.fixture(scope="module")
def lab(images: None) -> Iterator[Lab]:
    ports = {name: free_port() for name in PORTS}
    with pytest.MonkeyPatch.context() as environment:
        for name, port in ports.items():
            environment.setenv(name, str(port))
        environment.setenv("LAB_LINES", "10000")
        with Lab(ports) as lab:
            yield lab


def by_url(urls: dict[str, int], malformed: int) -> Counter[str]:
    return Counter(urls) + Counter({"malformed": malformed})


def links(page: requests.Response) -> set[str]:
    """The pages that a page links to, and the files it consists of."""
    found = re.findall(r'(?:href|src)="([^"#]+)"', page.text)
    return {urljoin(page.url, link.replace("&amp;", "&")) for link in found}


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=30)


def test_every_url_of_the_first_10000_lines_is_counted(lab: Lab) -> None:
    hops = lab.wait_until_balanced(10_000)
    assert len(hops.counted) > 100


def test_the_metrics_on_the_published_port_agree_with_the_ledger(lab: Lab) -> None:
    metrics = get(lab.url("LAB_METRICS_PORT", "/metrics")).json()
    counters = ("EventPutSuccessCount", "EventTakeSuccessCount", "EventDrainSuccessCount")
    counts = [int(c[name]) for c in metrics.values() for name in counters if name in c]
    assert counts == [10_000] * 3


def test_the_live_page_has_the_ledgers_numbers_and_verdict(lab: Lab) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        state = get(lab.url("LAB_PAGE_PORT", "/api/v1/state")).json()
        ledger = state["ledger"] or {}
        if ledger.get("verdict") == "balanced":
            break
        assert time.monotonic() < deadline, state
        time.sleep(1)
    assert {hop["lines"] for hop in ledger["hops"]} == {10_000}
    assert get(lab.url("LAB_PAGE_PORT")).status_code == 200


def test_the_log_of_the_program_shows_the_top_url(lab: Lab) -> None:
    [(url, hits)] = lab.hops().counted.most_common(1)
    assert f"('{url}', {hits})" in lab.compose.get_logs("url-counts")[0]


def test_50000_more_lines_at_full_speed_balance(lab: Lab) -> None:
    assert lab.feed("--lines", "50000", "--rate", "0", "--seed", "2")["lines"] == 50_000
    lab.wait_until_balanced(60_000)


def test_a_real_log_from_standard_input_adds_what_it_holds(lab: Lab) -> None:
    log = EXCERPT.read_text(encoding="utf-8").splitlines()
    # A rule unlike the generator's and the program's: split at the quotes.
    fields = [line.split('"') for line in log]
    well_formed = [f for f in fields if len(f) >= 7 and f[-1].strip() == ""]
    expected = Counter(f[1].split()[1] for f in well_formed)
    expected["malformed"] = len(log) - len(well_formed)
    before = lab.hops().counted

    summary = lab.feed("--replay", "-", stdin=EXCERPT.read_bytes())

    assert (summary["lines"], summary["malformed"]) == (36, 1)
    after = lab.wait_until_balanced(60_000 + 36).counted
    assert after - before == expected


def test_every_link_of_the_masters_page_works_on_the_host(lab: Lab) -> None:
    page = get(lab.url("LAB_MASTER_PORT"))
    proxied = {link for link in links(page) if "/proxy/" in link}
    assert len([link for link in proxied if "/proxy/worker-" in link]) == 3
    assert len([link for link in proxied if "/proxy/app-" in link]) == 1
    next_pages = [get(link) for link in sorted(links(page))]
    second_links = {link for next_page in next_pages for link in links(next_page)}
    broken = [p.url for p in next_pages if p.status_code != 200]
    broken += [link for link in sorted(second_links) if get(link).status_code != 200]
    assert not broken


def test_an_executors_logs_can_be_read_by_the_master(lab: Lab) -> None:
    [app] = {link for link in links(get(lab.url("LAB_MASTER_PORT"))) if "/proxy/app-" in link}
    name = app.rpartition("/")[2]
    executors = get(f"{app}/api/v1/applications/{name}/executors").json()
    logs = [log for executor in executors for log in executor["executorLogs"].values()]
    assert len(logs) == 6  # stdout and stderr of three
    assert [get(lab.url("LAB_MASTER_PORT", log)).status_code for log in logs] == [200] * 6


def test_the_programs_own_page_works_on_its_own_port(lab: Lab) -> None:
    page = get(lab.url("LAB_UI_PORT"))
    assert page.status_code == 200
    assert "url-counts" in page.text
    assert [link for link in sorted(links(page)) if get(link).status_code != 200] == []


def test_every_published_port_is_on_the_loopback_interface(lab: Lab) -> None:
    bindings = [
        binding
        for container in lab.containers().values()
        for published in container.attrs["NetworkSettings"]["Ports"].values()
        for binding in published or ()
    ]
    assert {b["HostIp"] for b in bindings} == {"127.0.0.1"}
    assert {int(b["HostPort"]) for b in bindings} == set(lab.ports.values())


def test_no_process_runs_as_root_or_can_become_root(lab: Lab) -> None:
    for name, container in lab.containers().items():
        status = "grep -hsE '^(Name|Uid):' /proc/[0-9]*/status"
        found = container.exec_run(["sh", "-c", status]).output.decode().splitlines()
        processes = zip(found[::2], found[1::2], strict=True)
        # The engine's runc starts health checks; it is root until it has dropped its rights.
        users = {uids for process, uids in processes if "runc:" not in process}
        assert users == {"Uid:" + "\t10001" * 4}, name
        host = container.attrs["HostConfig"]
        assert not host["Privileged"], name
        assert host["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name


def test_every_jvm_of_spark_has_its_classes_from_the_archive(lab: Lab) -> None:
    mapped = "for m in $(grep -l /java$ /proc/[0-9]*/maps); do grep -c spark.jsa $m; done"
    for name, container in lab.containers().items():
        if "spark" in name or "url-counts" in name:
            counts = container.exec_run(["sh", "-c", mapped]).output.split()
            assert counts, name
            assert b"0" not in counts, name


def test_memory_limits_are_set_and_add_up_to_6_gib_at_most(lab: Lab) -> None:
    limits = {n: c.attrs["HostConfig"]["Memory"] for n, c in lab.containers().items()}
    assert all(limits.values()), limits
    assert sum(limits.values()) <= 6 * GIB


def test_every_service_is_healthy_and_none_was_restarted(lab: Lab) -> None:
    for name, container in lab.containers().items():
        assert container.attrs["State"]["Health"]["Status"] == "healthy", name
        assert container.attrs["RestartCount"] == 0, name


def test_the_project_name_is_in_every_name_so_that_two_labs_can_live_together(lab: Lab) -> None:
    names = list(lab.containers())
    assert len(names) == 8
    assert all(name.startswith(f"{os.environ['COMPOSE_PROJECT_NAME']}-") for name in names)
    assert "container_name" not in (ROOT / "compose.yaml").read_text(encoding="utf-8")


def test_a_stop_counts_all_and_the_next_start_goes_on_from_there(lab: Lab) -> None:
    before = lab.wait_until_balanced(60_036).counted
    lab.feed("--lines", "30000", "--rate", "0", "--seed", "3")  # under way at the stop
    subprocess.run(
        ["docker", "compose", "down"],
        cwd=ROOT,
        capture_output=True,
        timeout=SECONDS_MAX,
        check=True,
    )
    assert lab.containers() == {}

    lab.start()  # its generator sends 10,000 lines again

    log = lab.compose.get_logs("url-counts")[0]
    assert "was not stopped" not in log
    after = lab.wait_until_balanced(100_036).counted
    assert not before - after


def test_down_with_volumes_leaves_nothing(lab: Lab) -> None:
    lab.compose.stop()

    of_project = {"label": f"com.docker.compose.project={os.environ['COMPOSE_PROJECT_NAME']}"}
    assert lab.containers() == {}
    assert lab.engine.volumes.list(filters=of_project) == []
    assert lab.engine.networks.list(filters=of_project) == []
