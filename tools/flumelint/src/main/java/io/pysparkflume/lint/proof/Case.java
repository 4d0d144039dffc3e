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
    String kind; // netcat, syslog, udp, avro, http, append for a file that grows, or rotate
    int port; // where to send
    String path; // the file that grows, or begins anew
    boolean late; // once what the others sent has come through
    boolean deflate; // the client compresses (avro)
  }

  String id; // RULE/wrong or RULE/right, with a number if there are several
  List<Start> agents; // one after the other
  List<String> receivers; // confs of agents that stand for others: they get what the avro sinks send
  List<Feed> feeds;
  List<String> bodies; // what each feed sends, an event each
  Map<String, String> headers; // sent by feeds that can: avro, http
  int holdMillis; // how long to run on when all is delivered: for what happens late
  int expected; // events that leave channels, if more than are sent; it is waited for them
  boolean restarts; // the agents are stopped and started again, and counted anew
  String folder; // where the case's files are
  List<Integer> web; // ports on which a web server answers
  List<Integer> wire; // ports on which the first bytes are kept
  Map<String, String> looks; // what to look at at the end, by a name; see Look
}
