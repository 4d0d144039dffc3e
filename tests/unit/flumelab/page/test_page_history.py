"""Rates, lags in seconds, and trends, from samples of one second."""

from flumelab.page.history import History, Sample


def history(*rows: tuple[int, int], seconds: float = 1.0) -> History:
    """The lines of a source and of its target, a row a sample."""
    found = History()
    for place, (source, target) in enumerate(rows):
        lines = {"source": source, "target": target}
        found.add(Sample(1000 + place * seconds, lines, {"s>t": source - target}, {}))
    return found


def test_a_rate_is_taken_over_the_last_two_seconds() -> None:
    assert history((0, 0), (100, 0), (400, 0)).rate("source") == 200
    assert history((0, 0), (100, 0), (400, 0), (400, 0), (400, 0)).rate("source") == 0


def test_a_rate_is_not_known_from_one_sample_or_without_a_number() -> None:
    assert history((5, 5)).rate("source") is None
    assert history((5, 5), (6, 6)).rate("elsewhere") is None


def test_a_counter_that_begins_anew_gives_no_negative_rate() -> None:
    assert history((900, 0), (0, 0), (10, 0)).rate("source") == 0


def test_the_lag_in_seconds_is_the_age_of_the_oldest_line_that_waits() -> None:
    found = history((100, 100), (200, 100), (300, 100), (400, 100))
    assert found.waited("source", 300) == 2  # line 101 came with the second sample
    assert found.waited("source", 100) == 0  # line 301 came with the newest one


def test_lines_that_have_waited_longer_than_the_history_have_waited_all_of_it() -> None:
    assert history(*[(500, 100)] * 8).waited("source", 400) == 7


def test_a_lag_grows_shrinks_or_is_steady() -> None:
    assert history(*[(place * 100, 0) for place in range(8)]).trend("s>t") == "grows"
    assert history(*[(1000, place * 100) for place in range(8)]).trend("s>t") == "shrinks"
    assert history(*[(1000, 400)] * 8).trend("s>t") == "steady"
    assert history(*[(1000, 995 + place % 2) for place in range(8)]).trend("s>t") == "steady"
    assert history(*[(1000, 1000)] * 8).trend("s>t") == "none"


def test_a_lag_that_ends_between_two_samples_is_seen_to_shrink() -> None:
    ended = [(1000, 0)] * 8 + [(1000, 1000)]
    assert history(*ended).trend("s>t") == "shrinks"
    assert history(*ended, *[(1000, 1000)] * 3).trend("s>t") == "none"


def test_ten_minutes_are_kept() -> None:
    found = history(*[(place, place) for place in range(700)])
    columns = found.as_json()
    assert len(columns["times"]) == len(columns["rates"]["source"]) == 601
    assert columns["times"][-1] - columns["times"][0] == 600
    assert columns["lags"]["s>t"][-1] == 0
