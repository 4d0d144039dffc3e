package io.pysparkflume.lint.proof;

import java.io.File;
import java.lang.reflect.Field;
import java.util.List;
import java.util.Map;
import org.apache.flume.Channel;
import org.apache.flume.Sink;
import org.apache.flume.SinkProcessor;
import org.apache.flume.SinkRunner;
import org.apache.flume.SourceRunner;
import org.apache.flume.instrumentation.ChannelCounter;
import org.apache.flume.lifecycle.LifecycleState;
import org.apache.flume.node.Application;
import org.apache.flume.node.ConfigurationSource;
import org.apache.flume.node.ConfigurationSourceFactory;
import org.apache.flume.node.MaterializedConfiguration;
import org.apache.flume.node.UriConfigurationProvider;

/** A Flume agent in this JVM: what Flume's Application.main does with --no-reload-conf. */
final class Agent {
  private final Application application = new Application();
  private final MaterializedConfiguration configuration;

  /** Reads the conf and starts what it describes; throws what Flume throws. */
  Agent(String name, String conf) {
    ConfigurationSource source =
        ConfigurationSourceFactory.getConfigurationSource(new File(conf).toURI(), null, true);
    UriConfigurationProvider provider =
        new UriConfigurationProvider(name, List.of(source), null, null, 0);
    configuration = provider.getConfiguration();
    application.handleConfigurationEvent(configuration);
  }

  /** Whether every source has begun. */
  boolean begun() {
    return configuration.getSourceRunners().values().stream()
        .allMatch(runner -> runner.getSource().getLifecycleState() == LifecycleState.START);
  }

  /** A component by its name, or null. */
  Object component(String name) throws ReflectiveOperationException {
    Channel channel = configuration.getChannels().get(name);
    if (channel != null) {
      return channel;
    }
    SourceRunner source = configuration.getSourceRunners().get(name);
    if (source != null) {
      return source.getSource();
    }
    for (SinkRunner runner : configuration.getSinkRunners().values()) {
      for (Sink sink : sinks(runner.getPolicy())) {
        if (sink.getName().equals(name)) {
          return sink;
        }
      }
    }
    return null;
  }

  void stop() {
    application.stop();
  }

  /** Adds what runs, and the counts of its channels. */
  void describe(Outcome outcome, String prefix) throws ReflectiveOperationException {
    for (Map.Entry<String, SourceRunner> entry : configuration.getSourceRunners().entrySet()) {
      if (entry.getValue().getSource().getLifecycleState() == LifecycleState.START) {
        outcome.sources.add(prefix + entry.getKey());
      }
    }
    for (SinkRunner runner : configuration.getSinkRunners().values()) {
      for (Sink sink : sinks(runner.getPolicy())) {
        if (sink.getLifecycleState() == LifecycleState.START) {
          outcome.sinks.add(prefix + sink.getName());
        }
      }
    }
    for (Map.Entry<String, Channel> entry : configuration.getChannels().entrySet()) {
      if (entry.getValue().getLifecycleState() == LifecycleState.START) {
        outcome.channels.add(prefix + entry.getKey());
      }
      ChannelCounter counter = counter(entry.getValue());
      if (counter != null) {
        outcome.events.put(prefix + entry.getKey(), new Outcome.Counts(
            counter.getEventPutSuccessCount(), counter.getEventTakeSuccessCount()));
      }
    }
  }

  /** How many events are in channels, and how many have been taken out. */
  long[] inAndOut() throws ReflectiveOperationException {
    long[] sum = new long[2];
    for (Channel channel : configuration.getChannels().values()) {
      ChannelCounter counter = counter(channel);
      if (counter != null) {
        sum[0] += counter.getEventPutSuccessCount();
        sum[1] += counter.getEventTakeSuccessCount();
      }
    }
    return sum;
  }

  private static List<Sink> sinks(SinkProcessor processor) throws ReflectiveOperationException {
    for (Class<?> type = processor.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        field.setAccessible(true);
        Object value = field.get(processor);
        if (value instanceof Sink sink) {
          return List.of(sink);
        }
        if (value instanceof List<?> list && !list.isEmpty() && list.get(0) instanceof Sink) {
          return list.stream().map(Sink.class::cast).toList();
        }
        if (value instanceof Map<?, ?> map && !map.isEmpty()
            && map.values().iterator().next() instanceof Sink) {
          return map.values().stream().map(Sink.class::cast).toList();
        }
      }
    }
    return List.of();
  }

  private static ChannelCounter counter(Channel channel) throws ReflectiveOperationException {
    for (Class<?> type = channel.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (ChannelCounter.class.isAssignableFrom(field.getType())) {
          field.setAccessible(true);
          return (ChannelCounter) field.get(channel);
        }
      }
    }
    return null;
  }
}
