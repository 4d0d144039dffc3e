"""Scenario `orders`: what a shop sells, one order per line, as CSV.

    2026-01-01T00:00:03Z,1-0000002,espresso,2,3.20
    time, order, product, quantity, price of one

A few products make most of the sales. An event has the product, the quantity and the order's
revenue in cents.
"""

from __future__ import annotations

import re
from itertools import accumulate
from random import Random

from loadgen.scenarios.event_scenario import START, TIME, EventScenario, second_of
from loadgen.scenarios.random_column import RandomColumn, zipf
from loadgen.scenarios.scenario import Events

# The ledger's rule: a whole line of five fields. The order and the product contain no comma and no
# white space, and the time must exist. A "\r" may follow.
ORDER = re.compile(
    rf"(?P<time>{TIME}),[^,\s]+,(?P<product>[^,\s]+),"
    r"(?P<quantity>[0-9]{1,6}),(?P<units>[0-9]{1,9})\.(?P<cents>[0-9]{2})\r?"
)

GAPS = {0: 30, 1: 30, 2: 20, 3: 10, 5: 10}  # seconds between two orders: 1.5 on average
QUANTITIES = {1: 70, 2: 18, 3: 7, 4: 3, 12: 2}
PRODUCTS = [
    f"{kind}-{product}" if kind else product
    for kind in ("", "green", "roasted", "organic", "large", "gift")
    for product in (
        "espresso", "filter", "tea", "cocoa", "milk", "sugar", "cup", "mug", "grinder", "kettle",
        "press", "scale",
    )
]  # fmt: skip


class Orders(EventScenario):
    """Products by Zipf's law; event time starts at 2026-01-01 UTC and only advances.

    The catalogue is the same for every seed; the seed decides what is ordered, and when.
    """

    fields = ("time", "product", "quantity", "cents")
    key = "product"
    sums = ("quantity", "cents")
    malformed_rests = (
        ",0,espresso,two,3.20",
        ",0,espresso,-1,3.20",
        ",0,espresso,1,3,20",
        ",0,espresso,1,free",
        ",0,,1,3.20",
        ",0,espresso,1",
        "+01:00,0,espresso,1,3.20",
    )

    def __init__(self, seed: int, malformed: float = 0.0) -> None:
        super().__init__(seed, malformed)
        self._seed = seed
        self._now = START
        self._sold = 0
        self._gaps = RandomColumn(f"gaps {seed}", GAPS.items())
        self._products = RandomColumn(f"products {seed}", zipf(_catalogue()))
        self._quantities = RandomColumn(f"quantities {seed}", QUANTITIES.items())

    def draw(self, lines: int) -> tuple[Events, list[str]]:
        times = list(accumulate(self._gaps.draw(lines), initial=self._now))[1:]
        products = self._products.draw(lines)
        quantities = self._quantities.draw(lines)
        rests = [
            f",{self._seed}-{order:07},{product},{quantity},{price}"
            for order, (product, price, _), quantity in zip(
                range(self._sold + 1, self._sold + lines + 1), products, quantities, strict=True
            )
        ]
        self._now = times[-1]
        self._sold += lines
        events: Events = {
            "time": times,
            "product": [product for product, _, _ in products],
            "quantity": quantities,
            "cents": [
                quantity * cents
                for quantity, (_, _, cents) in zip(quantities, products, strict=True)
            ],
        }
        return events, rests

    def read(self, line: str) -> tuple[int, str, int, int] | None:
        if not (order := ORDER.fullmatch(line)):
            return None
        time, quantity = second_of(order["time"]), int(order["quantity"])
        cents = quantity * int(order["units"] + order["cents"])
        return None if time is None else (time, order["product"], quantity, cents)


def _catalogue() -> list[tuple[str, str, int]]:
    """Return each product with its price, as text and in cents."""
    price = Random("catalogue").randint
    products = [(product, price(100, 9_999)) for product in PRODUCTS]
    return [(product, f"{cents / 100:.2f}", cents) for product, cents in products]
