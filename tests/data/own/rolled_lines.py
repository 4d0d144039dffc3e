# Reads the files that an agent's file_roll sink writes.
from pyspark import SparkContext
from pyspark.streaming import StreamingContext

ssc = StreamingContext(SparkContext(appName="RolledFiles"), 1)
lines = ssc.textFileStream("/user/maria_dev/landing")
lines.map(lambda line: ("lines", 1)).reduceByKey(lambda a, b: a + b).pprint()
ssc.start()
ssc.awaitTermination()
