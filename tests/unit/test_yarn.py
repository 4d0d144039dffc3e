"""What `make yarn` reads: the last counts that a driver prints, and the name of its application."""

from collections.abc import Callable

import pytest

from tools.yarn.cluster import application_in
from tools.yarn.job import access_line, of_console, of_dstream

DSTREAM = """\
-------------------------------------------
Time: 2026-11-29 12:00:00
-------------------------------------------
('/page/0', 1)

-------------------------------------------
Time: 2026-11-29 12:00:01
-------------------------------------------
('/page/0', 435)
('/page/12', 870)

"""
CONSOLE = """\
-------------------------------------------
Batch: 0
-------------------------------------------
+-------+-----+
|url    |count|
+-------+-----+
|/page/0|1    |
+-------+-----+

-------------------------------------------
Batch: 1
-------------------------------------------
+--------+-----+
|url     |count|
+--------+-----+
|/page/0 |435  |
|/page/12|870  |
+--------+-----+

"""


@pytest.mark.parametrize(("find", "printed"), [(of_dstream, DSTREAM), (of_console, CONSOLE)])
def test_the_last_table_counts(find: Callable[[str], dict[str, int]], printed: str) -> None:
    assert find(printed) == {"/page/0": 435, "/page/12": 870}
    assert find(printed.partition("Time: ")[0].partition("Batch: ")[0]) == {}


def test_the_url_of_a_line_is_where_both_programs_look() -> None:
    assert access_line("/page/7").split(" ")[6] == "/page/7"
    assert '"GET /page/7 HTTP/' in access_line("/page/7")


def test_spark_submit_names_the_application() -> None:
    log = "26/11/29 12:00:00 INFO YarnClientImpl: Submitted application application_1764_0002\n"
    assert application_in(log) == "application_1764_0002"
    assert application_in("") is None
