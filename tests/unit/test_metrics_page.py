"""The page of metrics shows what the code serves."""

from tests.support.metrics_page import page_tables, tables


def test_the_page_has_each_metric_as_it_is() -> None:
    assert page_tables() == tables(), "python -m tests.support.metrics_page writes them anew"
