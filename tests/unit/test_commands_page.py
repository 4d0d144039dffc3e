"""The page of commands is what the code declares."""

from tools.docs.commands_page import PAGE, page


def test_the_page_has_each_command_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "python -m tools.docs.commands_page writes it anew"
    )


def test_a_former_name_of_a_command_is_left_out() -> None:
    assert "`flumelab lab`" in page()
    assert "flumelab demo" not in page()
