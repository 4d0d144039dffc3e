"""The page of known signs shows the list that the code uses."""

from tests.support.signs_page import page_table, table


def test_the_page_has_each_sign_as_it_is() -> None:
    assert page_table() == table(), "python -m tests.support.signs_page writes it anew"
