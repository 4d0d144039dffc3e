"""What a run in a container says names the files of the host."""

from pathlib import Path

import pytest

from flumelab.own import docker
from flumelab.own.docker_names import of_mounts, translation
from flumelab.own.services import Wish
from flumelab.settings import load


def test_a_place_in_the_container_is_named_as_on_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = translation(
        of_mounts([
            f"{tmp_path}/course:/program:ro", "/data/my.conf:/files/my.conf:ro",
            "/data/x:/mapped/1", f"{tmp_path}/.lab/own-docker:/work/state/own",
        ])
    )  # fmt: skip
    for inside, outside in {
        "/files/my.conf:3:1: idle: …": "/data/my.conf:3:1: idle: …",
        'File "/program/a.py", line 12': 'File "course/a.py", line 12',
        "(/work/state/own/files/home/x)": "(.lab/own-docker/files/home/x)",
        "/files/my.conf2 and /data/files/my.conf": "/files/my.conf2 and /data/files/my.conf",
        "/mapped/12 is not /mapped/1": "/mapped/12 is not /data/x",
    }.items():
        assert said(inside) == outside


def test_a_run_in_a_container_keeps_its_exit_code_and_what_it_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    fake = tmp_path / "bin/docker"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n'
        'case "$*" in *"run -T"*) echo "/program/a.py, /work/state/own"; exit 3;; esac\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    (tmp_path / "a.py").touch()
    settings = load()
    monkeypatch.setattr(docker, "_build", lambda *_: None)

    assert docker.run(Wish(Path("a.py")), [], settings, print) == 3
    assert capfd.readouterr().out == "./a.py, state/own-docker\n"
    last = (tmp_path / "calls").read_text().splitlines()[-2:]
    assert [call.split("own-run")[0] for call in last] == [
        f"cp {settings.project}-", f"rm --force --volumes {settings.project}-",
    ]  # fmt: skip
