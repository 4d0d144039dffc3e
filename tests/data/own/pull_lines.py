# Spark fetches from the agent's own sink.
from pyspark import SparkContext, StorageLevel
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

sc = SparkContext("local[3]", "FlumePollingEventCount")
ssc = StreamingContext(sc, 1)
addresses = [("quickstart.cloudera", 9999)]
stream = FlumeUtils.createPollingStream(ssc, addresses, StorageLevel.MEMORY_AND_DISK_2)
stream.count().map(lambda n: "Received " + str(n) + " flume events.").pprint()
ssc.start()
ssc.awaitTermination()
