"""What command line `flume-ng` makes of its arguments, with a java that only prints its own."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.flume_components import RUNTIME

CONF = """
# a1 and its parts
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = netcat
a1.channels.c1.type = memory
a1.sinks.k1.type = logger
"""
NODE = "org.apache.flume.node.Application"


@dataclass
class Run:
    """What a run of flume-ng answered; `java` holds the words that java got."""

    code: int
    java: list[str]
    said: list[str]

    def after(self, word: str) -> str:
        return self.java[self.java.index(word) + 1]


class Home:
    """A FLUME_HOME of empty jars, a working folder with a conf file, and that java on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.home, self.work = folder / "flume home", folder / "work"
        for name in ("bin", "conf"):
            shutil.copytree(RUNTIME / name, self.home / name)
        shutil.copy(RUNTIME / "components.txt", self.home)
        self.jar("lib/flume-ng-node-1.11.0.jar")
        tools = folder / "tools"
        tools.mkdir()
        self.path = f"{tools}:{os.environ['PATH']}"
        script(tools / "java", 'printf \'%s\\n\' "$@"; echo "LD $LD_LIBRARY_PATH"')
        self.work.mkdir()
        self.conf()

    def jar(self, name: str, *classes: str) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as jar:
            for its in classes:
                jar.writestr(its.replace(".", "/") + ".class", "")

    def conf(self, text: str = CONF) -> None:
        (self.work / "x.conf").write_text(text)

    def run(self, *arguments: str, shell: str = "sh", **environment: str) -> Run:
        env = {"PATH": self.path, "HOME": str(self.work), **environment}
        command = [shell, str(self.home / "bin/flume-ng"), *arguments]
        done = subprocess.run(
            command, cwd=self.work, env=env, capture_output=True, text=True, timeout=60
        )
        said = [line.removeprefix("flume-ng: ") for line in done.stderr.splitlines()]
        return Run(done.returncode, done.stdout.splitlines(), said)


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_command_line_of_the_books_starts_the_agent(home: Home, shell: str) -> None:
    (home.work / "conf").mkdir()
    words = ["agent", "-n", "a1", "-c", "conf", "-f", "x.conf", "-Dflume.root.logger=INFO,console"]
    run = home.run(*words, shell=shell)
    assert run.code == 0 and run.said == []
    assert run.after("--name") == "a1" and run.after("--conf-file") == "x.conf"
    assert run.after("-cp") == f"{home.work}/conf:{home.home}/lib/*"
    assert NODE in run.java
    assert f"-Dlog4j2.configurationFile={home.home}/conf/log4j2-flume-ng.xml" in run.java
    assert "-Dflume.log.level=INFO" in run.java and "-Dflume.log.appender=console" in run.java


def test_long_options_and_any_order_are_accepted(home: Home) -> None:
    run = home.run(
        *("agent", "--no-reload-conf", "--conf-file", "x.conf", "--name=a1", "-Xmx1g"),
        *("--classpath", "/a b/c.jar:/d/*", "-Dx=it's a b", "--conf", str(home.work)),
    )
    assert run.code == 0 and run.said == []
    assert run.java[:3] == ["-Xmx256m", "-Xmx1g", "-Dx=it's a b"]
    assert run.after("-cp") == f"{home.work}:{home.home}/lib/*:/a b/c.jar:/d/*"
    assert run.java[run.java.index(NODE) + 1 : -1] == [
        *("--name", "a1", "--conf-file", "x.conf", "--no-reload-conf")
    ]


def test_several_conf_files_keep_their_order(home: Home) -> None:
    (home.work / "y.conf").write_text("a1.sinks = k1\n")
    run = home.run("agent", "-n", "a1", "-f", "x.conf", "-f", "y.conf")
    assert run.said == []
    assert run.java[run.java.index(NODE) + 3 : -1] == [
        *("--conf-file", "x.conf", "--conf-file", "y.conf")
    ]


def test_flume_env_is_read_from_the_conf_folder(home: Home) -> None:
    (home.work / "conf").mkdir()
    (home.work / "conf/flume-env.sh").write_text(
        'export JAVA_OPTS="-Xms100m -Xmx2000m"\nFLUME_CLASSPATH=/my/jars/*\n'
    )
    run = home.run("agent", "-n", "a1", "-c", "conf", "-f", "x.conf")
    assert run.java[:2] == ["-Xms100m", "-Xmx2000m"]
    assert run.after("-cp").endswith("/lib/*:/my/jars/*")


def test_plugins_are_found_in_each_folder_of_plugins_path(home: Home) -> None:
    home.jar("plugins.d/one/lib/a.jar")
    home.jar("plugins.d/one/libext/b.jar")
    home.jar("mine/two/lib/c.jar")
    (home.home / "plugins.d/one/native").mkdir()
    run = home.run("agent", "-n", "a1", "-f", "x.conf")
    one = home.home / "plugins.d/one"
    assert run.after("-cp").endswith(f":{one}/lib/*:{one}/libext/*")
    assert f"-Djava.library.path={one}/native" in run.java and f"LD {one}/native" in run.java
    both = f"{home.home}/plugins.d:{home.home}/mine"
    run = home.run("agent", "-n", "a1", "-f", "x.conf", "--plugins-path", both)
    assert run.after("-cp").endswith(f":{one}/libext/*:{home.home}/mine/two/lib/*")


def test_a_jar_outside_of_lib_is_named(home: Home) -> None:
    home.jar("plugins.d/spark-sink.jar")
    home.jar("plugins.d/mine/x.jar")
    run = home.run("agent", "-n", "a1", "-f", "x.conf")
    assert run.code == 0
    assert sorted(run.said) == [
        "plugins.d/mine/x.jar is not read; it belongs in plugins.d/mine/lib/",
        "plugins.d/spark-sink.jar is not read; it belongs in plugins.d/NAME/lib/",
    ]


def test_java_home_is_preferred(home: Home) -> None:
    (home.work / "jdk/bin").mkdir(parents=True)
    script(home.work / "jdk/bin/java", "echo this one")
    run = home.run("version", JAVA_HOME=str(home.work / "jdk"))
    assert run.java == ["this one"]
    run = home.run("version", JAVA_HOME="/nowhere")
    expected = "no /nowhere/bin/java; install Java 17 or later, or set JAVA_HOME"
    assert (run.code, run.said) == (1, [expected])


def test_a_symbolic_link_to_the_script_finds_flume(home: Home) -> None:
    link = home.work / "flume-ng"
    link.symlink_to(home.home / "bin/flume-ng")
    done = subprocess.run(
        [link, "version"], env={"PATH": home.path}, capture_output=True, text=True, timeout=60
    )
    assert f"{home.home}/lib/*" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "main"),
    [
        (["version"], "org.apache.flume.tools.VersionInfo"),
        (
            ["avro-client", "-H", "here", "-p", "41", "-F", "x"],
            "org.apache.flume.client.avro.AvroCLIClient",
        ),
        (["tool", "fcintegritytool", "-l", "data"], "org.apache.flume.tools.FlumeToolsMain"),
    ],
)
def test_other_commands_get_their_arguments(home: Home, arguments: list[str], main: str) -> None:
    run = home.run(*arguments)
    assert run.code == 0 and run.said == []
    assert run.java[run.java.index(main) + 1 : -1] == arguments[1:]


def test_a_dry_run_prints_the_command_as_a_shell_reads_it(home: Home) -> None:
    run = home.run("agent", "-n", "a1", "-f", "x.conf", "-Dx=it's a b", "-d")
    assert run.code == 0
    (line,) = run.java
    words = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert words[:3] == ["java", "-Xmx256m", "-Dx=it's a b"]
    assert words[-4:] == ["--name", "a1", "--conf-file", "x.conf"]


def test_help_and_mistakes_in_the_command(home: Home) -> None:
    run = home.run("help")
    assert run.code == 0 and run.java[0] == "usage: flume-ng COMMAND [OPTION…]"
    run = home.run()
    assert run.code == 1 and run.said[0] == "usage: flume-ng COMMAND [OPTION…]"
    run = home.run("agnet")
    assert (run.code, run.said) == (
        1,
        ["agnet is not a command; the commands are agent, avro-client, tool, version and help"],
    )
    run = home.run("agent", "-f")
    assert (run.code, run.said) == (1, ["-f needs a value; see flume-ng help"])
    assert home.run("agent", "--help").java[-2] == "--help"


def test_the_only_agent_is_taken_and_another_name_refused(home: Home) -> None:
    run = home.run("agent", "-f", "x.conf")
    assert run.said == ["x.conf has one agent, a1; it is used"] and run.after("--name") == "a1"
    run = home.run("agent", "-n", "a2", "-f", "x.conf")
    assert (run.code, run.java) == (1, [])
    assert run.said == ["x.conf has no agent a2; these are in the file: a1"]
    home.conf(CONF + "  b1.channels : c1\n")
    run = home.run("agent", "-f", "x.conf")
    assert run.code == 1
    assert run.said == [
        "no agent's name is given; add -n and one of these, which are in x.conf: a1 b1"
    ]
    assert home.run("agent", "-f", "x.conf", "-n", "b1").code == 0


def test_a_conf_file_that_cannot_be_read_is_refused(home: Home) -> None:
    home.conf("# nothing\n")
    for file, said in {
        "y.conf": "y.conf: no such file; give the conf file's path with -f",
        ".": ". cannot be read as a file; give a conf file with -f",
        "x.conf": "x.conf names no agent; a line is AGENT.sources = …, AGENT.channels = …, "
        "AGENT.sinks = …",
    }.items():
        run = home.run("agent", "-n", "a1", "-f", file)
        assert (run.code, run.java, run.said) == (1, [], [said])
    assert home.run("agent", "-n", "a1").said == ["no conf file is given; add -f FILE"]


def test_a_conf_in_zookeeper_needs_its_extra(home: Home) -> None:
    words = ["agent", "-n", "a1", "-z", "here:2181"]
    run = home.run(*words)
    build = "which is not installed; set LAB_FLUME_EXTRAS=zookeeper and build again"
    assert (run.code, run.said) == (1, [f"-z: its jars are the extra zookeeper, {build}"])
    home.jar("plugins.d/zookeeper/lib/c.jar", "org.apache.curator.framework.CuratorFramework")
    run = home.run(*words)
    assert (run.code, run.said) == (0, []) and run.after("-z") == "here:2181"


def test_a_missing_conf_folder_is_named_and_flumes_own_used(home: Home) -> None:
    run = home.run("agent", "-n", "a1", "-c", "conf", "-f", "x.conf")
    assert run.said == [f"conf is not a folder; {home.home}/conf is used"]
    assert run.after("-cp").startswith(f"{home.home}/conf:")


def test_flumes_own_conf_folder_leaves_room_for_the_archive_of_its_classes(home: Home) -> None:
    archive = home.home.parent / "class-archive"
    (archive / "conf").mkdir(parents=True)
    (archive / "flume.jsa").touch()
    option = f"-XX:SharedArchiveFile={archive}/flume.jsa"
    run = home.run("agent", "-n", "a1", "-f", "x.conf")
    assert run.after("-cp").startswith(f"{archive}/conf:{home.home}/lib/*")
    assert option in run.java
    assert f"-Dlog4j2.configurationFile={home.home}/conf/log4j2-flume-ng.xml" in run.java
    # What is in a conf folder may be meant for Flume; a class path with it fits no archive.
    (home.home / "conf/core-site.xml").touch()
    (home.work / "conf").mkdir()
    for words in ((), ("-c", "conf")):
        run = home.run("agent", "-n", "a1", "-f", "x.conf", *words)
        folder = home.work if words else home.home
        assert run.after("-cp").startswith(f"{folder}/conf:")
        assert option not in run.java


def test_who_configures_the_log(home: Home) -> None:
    conf = home.work / "conf"
    conf.mkdir()
    words = ["agent", "-n", "a1", "-f", "x.conf", "-c", "conf"]
    own = f"-Dlog4j2.configurationFile={home.home}/conf/log4j2-flume-ng.xml"
    assert own in home.run(*words).java
    (conf / "log4j.properties").touch()
    run = home.run(*words)
    assert own in run.java
    assert run.said == [
        f"{conf}/log4j.properties is for log4j 1, which Flume 1.11 does not use; "
        "put a log4j2.xml next to it"
    ]
    (conf / "log4j2.xml").touch()
    assert not [word for word in home.run(*words).java if "log4j2" in word]
    run = home.run(*words, "-Dflume.root.logger=DEBUG,LOGFILE")
    assert own in run.java
    assert {"-Dflume.log.level=DEBUG", "-Dflume.log.appender=logfile"} <= set(run.java)
    run = home.run(*words, "-Dflume.root.logger=WARN")
    assert {"-Dflume.log.level=WARN", "-Dflume.log.appender=console"} <= set(run.java)
    run = home.run(*words, "-Dlog4j2.configurationFile=x.xml", "-Dflume.root.logger=INFO,console")
    assert own not in run.java and "-Dlog4j2.configurationFile=x.xml" in run.java


def test_a_component_whose_jars_are_missing_is_named_before_the_start(home: Home) -> None:
    home.conf(
        CONF.replace("a1.sinks = k1", "a1.sinks = k1 k2 k3 k4")
        + "a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink\n"
        + "a1.sinks.k2.type = HDFS\n"
        + "a1.sinks.k3.type = hive\n"
        + "a1.sinks.k4.type = elasticsearch\n"
        + "a1.sinks.not_listed.type = hbase2\n"
    )
    run = home.run("agent", "-n", "a1", "-f", "x.conf")
    build = "which is not installed; set LAB_FLUME_EXTRAS={0} and build again"
    assert (run.code, run.java) == (1, [])
    assert run.said == [
        "x.conf: a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink: "
        "its jars are the extra kafka, " + build.format("kafka"),
        "x.conf: a1.sinks.k2.type = HDFS: its jars are the extra hdfs, " + build.format("hdfs"),
        "x.conf: a1.sinks.k3.type = hive: org.apache.hive.hcatalog.streaming.StreamingConnection "
        "is not on the class path; put the jars that have it into plugins.d/NAME/lib/",
        "x.conf: a1.sinks.k4.type = elasticsearch: no jar of Flume 1.11 has it; "
        "choose another type",
    ]


def test_a_file_channel_that_would_use_a_home_that_is_not_there_is_named(home: Home) -> None:
    words = ["agent", "-n", "a1", "-f", "x.conf"]
    home.conf(CONF + "a1.channels.c1.type = file\na1.channels.c1.dataDirs = data\n")
    assert home.run(*words).said == []
    run = home.run(*words, HOME="/proc/none")
    assert run.code == 0
    assert run.said == [
        "x.conf: a1.channels.c1.checkpointDir is missing, and Flume cannot make its own folder "
        "/proc/none/.flume; set it to a folder that Flume may write, in a container on a volume"
    ]
    home.conf(CONF + "a1.channels.c1.type = file\n")
    assert len(home.run(*words, HOME="/proc/none").said) == 2
    home.conf(CONF)
    assert home.run(*words, HOME="/proc/none").said == []


def test_a_component_whose_jars_are_there_is_not_named(home: Home) -> None:
    home.conf(CONF + "a1.sinks.k1.type = hdfs\n")
    home.jar("lib/flume-hdfs-sink-1.11.0.jar", "org.apache.flume.sink.hdfs.HDFSEventSink")
    words = ["agent", "-n", "a1", "-f", "x.conf"]
    assert home.run(*words).code == 1  # the sink, but no Hadoop
    home.jar("plugins.d/hadoop/lib/hadoop.jar", "org.apache.hadoop.fs.FileSystem")
    assert home.run(*words).said == []


def test_a_users_class_without_a_jar_is_named(home: Home) -> None:
    home.conf(
        CONF + "a1.sources.r1.interceptors = i1\n"
        "a1.sources.r1.interceptors.i1.type = \\\n  my.Interceptor$Builder\n"
    )
    words = ["agent", "-n", "a1", "-f", "x.conf"]
    run = home.run(*words)
    assert run.code == 0 and run.after("--name") == "a1"
    assert run.said == [
        "x.conf: a1.sources.r1.interceptors.i1.type: no jar on the class path has the class "
        "my.Interceptor$Builder; put its jar into plugins.d/NAME/lib/, or name it with -C"
    ]
    home.jar("mine.jar", "my.Interceptor$Builder")
    assert home.run(*words, "-C", f"{home.home}/mine.jar").said == []
    assert home.run(*words, "-C", f"{home.home}/*").said == []


def test_the_jars_of_an_installed_hadoop_are_added(home: Home) -> None:
    hadoop = home.work / "hadoop"
    (hadoop / "bin").mkdir(parents=True)
    script(hadoop / "bin/hadoop", "echo /hadoop/jars/*")
    run = home.run("agent", "-n", "a1", "-f", "x.conf", HADOOP_HOME=str(hadoop))
    assert run.said == [f"the jars of {hadoop}/bin/hadoop are added to the class path"]
    assert run.after("-cp").endswith(":/hadoop/jars/*")
