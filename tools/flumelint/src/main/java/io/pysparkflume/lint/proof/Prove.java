package io.pysparkflume.lint.proof;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flume.util.SSLUtil;

/**
 * Runs confs in real Flume agents and writes what each of them did, as JSON.
 *
 * <p>Run as {@code java -Dlog4j2.isThreadContextMapInheritable=true -cp … Prove CASES OUTCOMES}.
 */
public final class Prove {
  private static final int AT_ONCE = 36; // most of a case's time is spent waiting
  private static final int SETTLE_MILLIS = 3500; // a sink waits 3 s for a batch to fill
  private static final int CASE_SECONDS = 60; // behind the last one that ended
  private static final int DONE_MILLIS = 400; // when all have arrived: for what comes twice
  private static final int LONG_MILLIS = 6000; // for a source that makes events without end
  private static final int BEGIN_MILLIS = 5000; // the first one loads classes
  private static final int ARRIVE_MILLIS = 20_000;
  private static final int STEP_MILLIS = 25;

  private final Logs logs = Logs.begin();

  private Prove() {}

  public static void main(String[] arguments) throws Exception {
    PrintStream out = System.out;
    Prove prove = new Prove();
    SSLUtil.initGlobalSSLParameters();
    Case[] cases = new Gson().fromJson(Files.readString(Path.of(arguments[0])), Case[].class);
    ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
    List<Future<Outcome>> futures = new ArrayList<>();
    for (Case its : cases) {
      futures.add(threads.submit(() -> prove.run(its)));
    }
    List<Outcome> outcomes = new ArrayList<>();
    try {
      for (Future<Outcome> future : futures) {
        outcomes.add(future.get(CASE_SECONDS, TimeUnit.SECONDS));
      }
    } catch (ExecutionException | TimeoutException error) {
      error.printStackTrace();
      System.err.flush();
      Runtime.getRuntime().halt(1); // the agents' threads would keep the JVM
    }
    Files.writeString(Path.of(arguments[1]),
        new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(outcomes));
    out.flush();
    Runtime.getRuntime().halt(0); // agents that are still stopping hold nothing of worth
  }

  private Outcome run(Case its) throws Exception {
    Outcome outcome = new Outcome();
    outcome.id = its.id;
    Logs.enter(its.id + " receives");
    for (int port : its.web) {
      Listener.web(port);
    }
    List<Listener> wires = new ArrayList<>();
    for (int port : its.wire) {
      wires.add(Listener.wire(port));
    }
    List<Agent> receivers = new ArrayList<>();
    for (String conf : its.receivers) {
      receivers.add(new Agent("receiver", conf));
    }
    begin(receivers);
    Logs.enter(its.id);
    Map<String, Agent> agents = start(its, outcome);
    StringBuffer answers = new StringBuffer();
    int sent = feed(its, outcome, false, answers);
    if (its.expected > 0) {
      arrive(agents.values(), its.expected);
    }
    settle(agents.values(), Math.max(sent, its.expected));
    if (its.feeds.stream().anyMatch(each -> each.late)) {
      settle(agents.values(), sent + feed(its, outcome, true, answers));
    }
    if (its.holdMillis > 0) {
      Thread.sleep(its.holdMillis);
    }
    for (Map.Entry<String, Agent> entry : agents.entrySet()) {
      entry.getValue().describe(outcome, entry.getKey());
    }
    for (Agent receiver : receivers) {
      outcome.received += receiver.inAndOut()[0];
    }
    outcome.log.addAll(logs.lines(its.id));
    outcome.bodies.addAll(logs.events(its.id));
    List<String> events = new ArrayList<>(logs.events(its.id));
    events.addAll(logs.events(its.id + " receives"));
    Logs.enter(its.id + " stops");
    if (its.restarts) {
      agents = restart(its, agents, outcome);
    }
    for (Map.Entry<String, String> look : its.looks.entrySet()) {
      String[] words = look.getValue().split(" ");
      Object seen = switch (words[0]) {
        case "files" -> Look.files(Path.of(its.folder), words[1]);
        case "field" -> Look.field(agents.values().iterator().next().component(words[1]), words[2]);
        case "headers" -> Look.headers(events);
        case "answers" -> answers.toString().trim().replaceAll("\\s+", " ");
        case "wire" -> wires.stream().map(Listener::first).toList();
        default -> outcome.again;
      };
      outcome.shown.put(look.getKey(), seen);
    }
    receivers.addAll(agents.values());
    for (Agent agent : receivers) {
      Thread stop = new Thread(agent::stop); // it waits for sources, up to ten seconds
      stop.setDaemon(true);
      stop.start();
    }
    return outcome;
  }

  /** Starts the agents. */
  private static Map<String, Agent> start(Case its, Outcome outcome) throws InterruptedException {
    Map<String, Agent> agents = new LinkedHashMap<>();
    Logs.loading(true);
    for (Case.Start one : its.agents) {
      try {
        // Several agents' parts are told apart by the agents' names.
        String prefix = its.agents.size() > 1 ? one.name + "." : "";
        agents.put(prefix, new Agent(one.name, one.file));
      } catch (Exception | LinkageError error) { // main logs it and ends
        outcome.died = error.toString();
      }
    }
    Logs.loading(false);
    if (its.feeds.stream().anyMatch(feed -> feed.kind.equals("udp"))) {
      begin(agents.values()); // nothing answers on UDP
    }
    return agents;
  }

  /** Waits until all sources have begun. */
  private static void begin(Collection<Agent> agents) throws InterruptedException {
    for (int waited = 0; waited < BEGIN_MILLIS; waited += STEP_MILLIS) {
      if (agents.stream().allMatch(Agent::begun)) {
        return;
      }
      Thread.sleep(STEP_MILLIS);
    }
  }

  /** Stops the agents, starts them again, and notes what comes then. */
  private static Map<String, Agent> restart(Case its, Map<String, Agent> agents, Outcome outcome)
      throws Exception {
    agents.values().forEach(Agent::stop);
    Map<String, Agent> again = start(its, outcome);
    settle(again.values(), 0);
    long[] counts = new long[2];
    for (Agent agent : again.values()) {
      counts[0] += agent.inAndOut()[0];
      counts[1] += agent.inAndOut()[1];
    }
    outcome.again = counts[0] + " came into channels and " + counts[1] + " out of them";
    return again;
  }

  /** Sends the events and returns how many. */
  private static int feed(Case its, Outcome outcome, boolean late, StringBuffer answers)
      throws Exception {
    int sent = 0;
    for (Case.Feed feed : its.feeds) {
      if (feed.late != late) {
        continue;
      }
      if (Feeder.send(feed, its.bodies, its.headers, answers)) {
        sent += its.bodies.size();
      } else {
        outcome.refused++;
      }
    }
    return sent;
  }

  /** Waits until as many events have left the channels, however slow the machine is. */
  private static void arrive(Collection<Agent> agents, int expected) throws Exception {
    for (int waited = 0; waited < ARRIVE_MILLIS; waited += STEP_MILLIS) {
      long out = 0;
      for (Agent agent : agents) {
        out += agent.inAndOut()[1];
      }
      if (out >= expected) {
        return;
      }
      Thread.sleep(STEP_MILLIS);
    }
  }

  /** Waits until as many events have left the channels as were sent, or nothing moves any more. */
  private static void settle(Collection<Agent> agents, int sent) throws Exception {
    long[] before = {-1, -1};
    int still = 0;
    for (int waited = 0; still < SETTLE_MILLIS && waited < LONG_MILLIS; waited += STEP_MILLIS) {
      long[] now = new long[2];
      for (Agent agent : agents) {
        long[] one = agent.inAndOut();
        now[0] += one[0];
        now[1] += one[1];
      }
      if (sent > 0 && now[0] >= sent && now[1] >= now[0] && still >= DONE_MILLIS) {
        return;
      }
      still = now[0] == before[0] && now[1] == before[1] ? still + STEP_MILLIS : 0;
      before = now;
      Thread.sleep(STEP_MILLIS);
    }
  }
}
