"""The live page: every hop of a running lab, its rate, its lag and the verdict.

One sampler asks the lab's parts once a second. Each reading comes from a part itself: Flume's
counters, Spark's REST interface, the files of the generator, the landing log and the result store.

    readers ──▶ sampler ──▶ State ──┬─▶ /api/v1/state, /api/v1/events, /api/v1/history
    (one a part)  (1 s)             └─▶ the page (assets/), which draws what it is sent
"""
