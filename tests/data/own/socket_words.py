# NetworkWordCount: connects to a socket, in which a course types with nc -lk 9999.
from pyspark import SparkContext
from pyspark.streaming import StreamingContext

sc = SparkContext("local[2]", "NetworkWordCount")
ssc = StreamingContext(sc, 1)
lines = ssc.socketTextStream("localhost", 9999)
status = lines.map(lambda line: line.split('"')[2].split()[0])
status.map(lambda code: (code, 1)).reduceByKey(lambda a, b: a + b).pprint()
ssc.start()
ssc.awaitTermination()
