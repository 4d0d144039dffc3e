from __future__ import annotations

from collections import Counter

import pytest

from loadgen.scenarios.event_scenario import START
from loadgen.scenarios.orders import PRODUCTS, Orders

LINE = b"2026-01-01T00:00:03Z,1-0000001,espresso,2,36.76"


def test_an_order_has_a_product_a_quantity_and_a_revenue() -> None:
    batch = Orders(1).account(LINE + b"\n" + LINE.replace(b",2,", b",10,") + b"\r\n")
    assert (batch.lines, batch.malformed) == (2, 0)
    assert batch.events == {
        "time": [START + 3, START + 3],
        "product": ["espresso", "espresso"],
        "quantity": [2, 10],
        "cents": [7352, 36760],
    }
    assert str(batch.first_event_time) == "2026-01-01 00:00:03+00:00"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\r",
        b" " + LINE,
        LINE + b" ",
        LINE + b",",
        LINE[:-1],
        LINE + b"0",
        LINE.replace(b"36.76", b"36,76"),
        LINE.replace(b"36.76", b"-36.76"),
        LINE.replace(b",2,", b",,"),
        LINE.replace(b",2,", b",2.0,"),
        LINE.replace(b",2,", ",\u0662,".encode()),  # a digit in Arabic script
        LINE.replace(b"espresso", b""),
        LINE.replace(b"espresso", b"two words"),
        LINE.replace(b"1-0000001", b""),
        b"1-0000001,espresso,2,36.76",
    ],
)
def test_any_other_line_is_malformed(line: bytes) -> None:
    assert Orders(1).account(line + b"\n").malformed == 1


def test_a_few_products_make_most_of_the_sales() -> None:
    events = Orders(1).generate(20_000).events
    assert events
    sold = [count for _, count in Counter(events["product"]).most_common()]
    assert len(PRODUCTS) == len(set(PRODUCTS)) == len(sold)
    assert sum(sold[:7]) > 0.5 * sum(sold)
    assert sold[0] > 20 * sold[-1]


def test_the_price_of_a_product_never_changes() -> None:
    prices = {
        (product, price)
        for seed in (1, 2)
        for line in Orders(seed).generate(5_000).data.decode().splitlines()
        for _, _, product, _, price in [line.split(",")]
    }
    assert len(prices) == len(PRODUCTS)


def test_order_ids_are_unique_and_event_time_only_advances() -> None:
    orders = Orders(4)
    lines = [
        line.split(",")
        for _ in range(3)
        for line in orders.generate(500).data.decode().splitlines()
    ]
    assert len({order for _, order, *_ in lines}) == 1500
    times = [time for time, *_ in lines]
    assert times == sorted(times)
    assert "2026-01-01T00:20:00Z" < times[-1] < "2026-01-01T00:50:00Z"
