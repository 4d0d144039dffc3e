package io.pysparkflume.lint.proof;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.ThreadContext;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configuration;
import org.apache.logging.log4j.core.config.Property;

/**
 * Keeps what Flume logs, by case.
 *
 * <p>A thread inherits log4j's context from the thread that made it, so each line says whose it is.
 * (log4j2.isThreadContextMapInheritable has to be true.)
 */
final class Logs extends AbstractAppender {
  private static final String CASE = "case";
  private static final String LOADING = "loading";
  private static final String EVENT = "Event: {";

  private final Map<String, List<Outcome.Line>> lines = new ConcurrentHashMap<>();
  private final Map<String, List<String>> events = new ConcurrentHashMap<>();

  private Logs() {
    super("cases", null, null, false, Property.EMPTY_ARRAY);
  }

  static Logs begin() {
    Logs logs = new Logs();
    logs.start();
    LoggerContext context = (LoggerContext) LogManager.getContext(false);
    Configuration configuration = context.getConfiguration();
    configuration.getRootLogger().getAppenders().keySet()
        .forEach(configuration.getRootLogger()::removeAppender);
    configuration.getRootLogger().addAppender(logs, Level.INFO, null);
    configuration.getRootLogger().setLevel(Level.INFO);
    context.updateLoggers();
    return logs;
  }

  /** The lines of this thread, and of the threads that it makes, belong to a case from now on. */
  static void enter(String id) {
    ThreadContext.put(CASE, id);
  }

  /** What this thread itself logs until the end comes from reading the conf. */
  static void loading(boolean begins) {
    if (begins) {
      ThreadContext.put(LOADING, Thread.currentThread().getName());
    } else {
      ThreadContext.remove(LOADING);
    }
  }

  List<Outcome.Line> lines(String id) {
    return lines.computeIfAbsent(id, its -> new CopyOnWriteArrayList<>());
  }

  List<String> events(String id) {
    return events.computeIfAbsent(id, its -> new CopyOnWriteArrayList<>());
  }

  @Override
  public void append(LogEvent event) {
    String id = event.getContextData().getValue(CASE);
    if (id == null) {
      return;
    }
    String text = event.getMessage().getFormattedMessage();
    if (text.startsWith(EVENT)) {
      events(id).add(text);
      return;
    }
    StringBuilder all = new StringBuilder(text);
    for (Throwable cause = event.getThrown(); cause != null; cause = cause.getCause()) {
      all.append("\n  ").append(cause);
    }
    boolean loading = event.getThreadName().equals(event.getContextData().getValue(LOADING));
    lines(id).add(new Outcome.Line(
        event.getLevel().name(), event.getLoggerName(), all.toString(), loading));
  }
}
