"""A course's program for Spark 2.x that pulls, its lines as such courses have them.

spark-submit course_pull_counts.py PORT CHECKPOINT_DIRECTORY
"""

import sys

from pyspark import SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

if __name__ == "__main__":
    sc = SparkContext(appName="PythonStreamingFlumePolling")
    sc.setLogLevel("ERROR")
    ssc = StreamingContext(sc, 1)
    ssc.checkpoint(sys.argv[2])

    stream = FlumeUtils.createPollingStream(ssc, [("localhost", int(sys.argv[1]))])
    urls = stream.map(lambda x: x[1]).map(lambda line: (line.split(" ")[6], 1))
    counts = urls.updateStateByKey(lambda new, total: sum(new) + (total or 0))
    counts.pprint(100)

    ssc.start()
    ssc.awaitTermination()
