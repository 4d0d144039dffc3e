"""When was each user there, and how busy? Sessions, kept as the state of each user.

    actions ─▶ Flume ─▶ (user, time) ─▶ updateStateByKey ─▶ sessions ─▶ print, result store

A session goes on as long as the next action comes within half an hour, by the time in the event.
Events come out of order, some hours late, so an event may begin a session, make one longer at
either end, or join two: the update function puts the events among the sessions that it knows.

Run it:  flumelab run sessions
Expect:  every two seconds the number of sessions and the busiest of them, and at last every
         session, its start, its end and its events, as the generator planted it.
"""

import os
from datetime import timedelta

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop

HOST = os.environ.get("RECEIVER_HOST", "localhost")
PORT = int(os.environ.get("RECEIVER_PORT", "4141"))
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))
GAP = timedelta(minutes=30)


def add_to_sessions(times, sessions):
    """A session is (start, end, events); a new event is one for itself, until it is joined."""
    joined = []
    for start, end, events in sorted([*(sessions or []), *((time, time, 1) for time in times)]):
        if joined and start - joined[-1][1] <= GAP:
            first, last, before = joined.pop()
            joined.append((first, max(last, end), before + events))
        else:
            joined.append((start, end, events))
    return joined


def add_to_total(counts, total):
    return sum(counts, total or 0)


def as_results(user, sessions):
    return [(f"{user} {start:%FT%TZ} {end:%FT%TZ}", events) for start, end, events in sessions]


def store(time, rdd):
    results = rdd.collect()
    if results:
        busiest, events = max(results, key=lambda result: result[1])
        print(f"{time:%T} {len(results):>6,} sessions; {events} in {busiest}")
    RESULTS.replace_all(str(time), results)


def find_sessions():
    ssc = StreamingContext(SparkContext(appName="sessions"), batchDuration=2)
    ssc.checkpoint(CHECKPOINT)

    events = FlumeUtils.createStream(ssc, HOST, PORT, bodyDecoder=formats.action)
    actions = events.map(lambda event: event[1]).cache()
    times = actions.filter(lambda action: action).map(lambda action: (action.user, action.time))
    by_user = times.updateStateByKey(add_to_sessions, 1)
    sessions = by_user.flatMap(lambda state: as_results(*state))
    malformed = actions.filter(lambda action: not action).map(lambda _: (MALFORMED, 1))
    sessions.union(malformed.updateStateByKey(add_to_total, 1)).foreachRDD(store)
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = StreamingContext.getOrCreate(CHECKPOINT, find_sessions)
    ssc.start()
    await_stop(ssc, CHECKPOINT)
