package io.pysparkflume.lint.proof;

import java.util.List;
import java.util.Map;

/** A conf to run in a real agent, as Gson reads it. */
final class Case {
  /** An agent to start: its file, and its name as --name says. */
  static final class Start {
    String name;
    String file;
  }

  /** Something that gives the agent its events. */
  static final class Feed {
    String kind; // netcat, syslog, udp, avro, http, or append for a file that grows
    int port; // where to send
    String path; // the file that grows
  }

  String id; // RULE/wrong or RULE/right, with a number if there are several
  List<Start> agents; // one after the other
  List<String> receivers; // confs of agents that stand for others: they get what the avro sinks send
  List<Feed> feeds;
  List<String> bodies; // what each feed sends, an event each
  Map<String, String> headers; // sent by feeds that can: avro, http
  int holdMillis; // how long to run on when all is delivered: for what happens late
}
