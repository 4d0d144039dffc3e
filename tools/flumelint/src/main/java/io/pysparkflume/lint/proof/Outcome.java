package io.pysparkflume.lint.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a case showed, as Gson writes it. */
final class Outcome {
  /** A line of the log: of the thread that read the conf, or of another one. */
  record Line(String level, String logger, String text, boolean loading) {}

  /** Events that came into a channel, and that a sink took from it. */
  record Counts(long in, long out) {}

  String id;
  final List<String> sources = new ArrayList<>(); // those that run
  final List<String> channels = new ArrayList<>();
  final List<String> sinks = new ArrayList<>();
  final Map<String, Counts> events = new TreeMap<>(); // by channel
  long received; // by the receivers
  final List<String> bodies = new ArrayList<>(); // what logger sinks have printed
  final List<Line> log = new ArrayList<>();
  String died; // the exception that ended the reading of the conf, or null
  final Map<String, Object> shown = new TreeMap<>(); // what the looks saw
  transient String again; // events after a restart
  int refused; // feeds to whose port nobody listened
}
