"""From the quickest to the most real: a query alone, with a receiver, and with a Flume agent."""

from pipeline import failures_by_path

LINE = '10.0.0.1 - - [28/Nov/2026:10:00:00 +0000] "GET {path} HTTP/1.1" {status} 512'


def line(path, status):
    return LINE.format(path=path, status=status)


def failures(spark, landing):
    events = spark.read.format("flume").option("landing", str(landing)).load()
    return {row.path: row.failures for row in failures_by_path(events).collect()}


def test_only_failed_requests_count(spark, landing_log):
    landing_log.append([line("/cart", 500), line("/cart", 200), line("/pay", 503)])

    assert failures(spark, landing_log.path) == {"/cart": 1, "/pay": 1}


def test_a_line_that_is_no_request_does_not_count(spark, landing_log):
    landing_log.append(["", "not a line of a log", b"\xff\xfe", line("/cart", 500)])

    assert failures(spark, landing_log.path) == {"/cart": 1}


def test_a_stream_counts_what_arrives_while_it_runs(spark, landing_log):
    events = spark.readStream.format("flume").option("landing", str(landing_log.path)).load()
    result = failures_by_path(events).writeStream.outputMode("complete").format("memory")
    query = result.queryName("failures").start()
    try:
        for total in (1, 2):
            landing_log.append([line("/cart", 500)])
            query.processAllAvailable()
            assert spark.table("failures").first().failures == total
    finally:
        query.stop()


def test_a_receiver_stores_what_it_has_answered(spark, flume_receiver, flume_sender):
    flume_sender.send([line("/cart", 500), ({"host": "web-1"}, line("/pay", 502))])

    assert failures(spark, flume_receiver.landing) == {"/cart": 1, "/pay": 1}


def test_a_file_is_counted_from_the_spool_directory_on(spark, flume_receiver, flume_agent, spool):
    agent = flume_agent("flume.conf")
    spool.put("access.log", "\n".join(line("/cart", status) for status in (200, 500, 500)) + "\n")
    agent.wait_until_sent(3)

    assert failures(spark, flume_receiver.landing) == {"/cart": 2}
