package io.pysparkflume.lint.keys;

import java.util.Set;

/** The kinds of parts that a user may write and name in a conf, with keys of their own. */
final class Pluggable {
  private static final Set<String> TYPES = Set.of(
      "org/apache/flume/ChannelSelector",
      "org/apache/flume/SinkProcessor",
      "org/apache/flume/interceptor/Interceptor$Builder",
      "org/apache/flume/interceptor/RegexExtractorInterceptorSerializer",
      "org/apache/flume/serialization/EventDeserializer$Builder",
      "org/apache/flume/serialization/EventSerializer$Builder",
      "org/apache/flume/sink/hbase/AsyncHbaseEventSerializer",
      "org/apache/flume/sink/hbase/HbaseEventSerializer",
      "org/apache/flume/sink/hbase2/HBase2EventSerializer",
      "org/apache/flume/sink/hive/HiveEventSerializer",
      "org/apache/flume/source/http/HTTPSourceHandler");

  private Pluggable() {}

  static boolean isPluggable(String type) {
    return TYPES.contains(type);
  }
}
