"""When was each user there, and how busy? Sessions, kept as the state of each user.

    actions ─▶ Flume ─▶ (user, time) ─▶ updateStateByKey ─▶ sessions ─▶ print, result store

A session lasts as long as the next action follows within half an hour, by the time in the event.
Events arrive out of order, some hours late, so an event may start a session, extend one at either
end, or join two. The update function puts new events among the known sessions.

Run it:  flumelab run sessions
Expect:  every two seconds, the number of sessions and the busiest of them; in the end, every
         session with the start, the end and the events that the generator planted.
"""

from datetime import timedelta

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse

GAP = timedelta(minutes=30)


def add_to_sessions(times, known):
    sessions = []  # (start, end, events)
    for start, end, events in sorted([*(known or []), *((time, time, 1) for time in times)]):
        if sessions and start - sessions[-1][1] <= GAP:
            first, last, before = sessions.pop()
            start, end, events = first, max(last, end), before + events
        sessions.append((start, end, events))
    return sessions


def as_rows(user, sessions):
    return [(f"{user} {start:%FT%TZ} {end:%FT%TZ}", events) for start, end, events in sessions]


def show(time, rdd):
    if rows := rdd.collect():
        busiest, events = max(rows, key=lambda row: row[1])
        print(f"{time:%T} {len(rows):>6,} sessions; {events} in {busiest}")
    lab.store.replace_all(time, rows)


def find_sessions():
    ssc = StreamingContext(SparkContext(appName="sessions"), batchDuration=2)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.action)
    actions = events.map(lambda event: event[1]).cache()
    times = actions.filter(lambda action: action).map(lambda action: (action.user, action.time))
    sessions = times.updateStateByKey(add_to_sessions, 1).flatMap(lambda user: as_rows(*user))
    malformed = actions.filter(lambda action: not action).map(lambda _: (parse.MALFORMED, 1))
    total = malformed.updateStateByKey(lambda ones, total: sum(ones, total or 0), 1)
    sessions.union(total).foreachRDD(show)
    return ssc


if __name__ == "__main__":
    lab.run_streams(find_sessions)
