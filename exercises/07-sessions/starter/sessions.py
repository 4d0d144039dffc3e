"""When was each user there, and how busy?

    actions ─▶ Flume ─▶ (user, time) ─▶ updateStateByKey ─▶ sessions ─▶ result store

Now all actions of a user are one session. Make a session end where a pause of more than GAP begins.
"""

from datetime import timedelta

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse

GAP = timedelta(minutes=30)


def add_to_sessions(times, known):
    """Return a user's sessions (start, end, actions), in order, with the new actions in them."""
    sessions = []
    for start, end, actions in [*(known or []), *((time, time, 1) for time in times)]:
        if sessions:
            first, last, before = sessions.pop()
            start, end, actions = min(first, start), max(last, end), before + actions
        sessions.append((start, end, actions))
    return sessions


def as_rows(user, sessions):
    return [(f"{user} {start:%FT%TZ} {end:%FT%TZ}", actions) for start, end, actions in sessions]


def find_sessions():
    ssc = StreamingContext(SparkContext(appName="sessions"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.action)

    actions = events.map(lambda event: event[1])
    times = actions.map(lambda action: (action.user, action.time))
    users = times.updateStateByKey(add_to_sessions, 1)
    sessions = users.flatMap(lambda user: as_rows(*user))

    sessions.pprint(5)
    sessions.foreachRDD(lambda time, rdd: lab.store.replace_all(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(find_sessions)
