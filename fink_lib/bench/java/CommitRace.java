package fink.bench;

import io.delta.storage.LogStore;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.Scanner;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * One of several processes that write the entries of one Delta log, as Spark's driver would.
 *
 * <p>"race STORE LOG NAME ROUNDS STEP_MS JITTER_MS" says "ready", reads when to start (Unix time in ms), asks for entry
 * 1, 2, … at the same milliseconds as the other processes, each time up to JITTER_MS later, and prints the numbers of
 * those that it was told are its own.
 *
 * <p>"cost LOG ROUNDS STORE STORE …" writes as many entries with each store by turns, each into a log of its own, and
 * prints a line a store: the microseconds that each entry took.
 *
 * <p>"die STORE LOG" dies when half of entry 1 is written.
 */
public final class CommitRace {
  private static final Configuration CONF = new Configuration();
  private static final String ADD =
      "{\"add\":{\"path\":\"%s-%d.parquet\",\"partitionValues\":{},\"size\":1,"
          + "\"modificationTime\":0,\"dataChange\":true}}";

  private CommitRace() {}

  public static void main(String[] words) throws Exception {
    List<String> rest = Arrays.asList(words).subList(1, words.length);
    switch (words[0]) {
      case "race" -> race(rest);
      case "cost" -> cost(rest);
      case "die" -> die(rest);
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  private static void race(List<String> words) throws Exception {
    LogStore store = store(words.get(0));
    String name = words.get(2);
    int rounds = Integer.parseInt(words.get(3));
    long step = Long.parseLong(words.get(4));
    int jitterMicros = Integer.parseInt(words.get(5)) * 1000;
    System.out.println("ready");
    long start = new Scanner(System.in).nextLong();
    Random random = new Random(rounds);
    StringBuilder ours = new StringBuilder();
    for (int round = 1; round <= rounds; round++) {
      waitUntil(start + round * step, jitterMicros == 0 ? 0 : random.nextInt(jitterMicros));
      if (write(store, words.get(1), name, round)) {
        ours.append(round).append('\n');
      }
    }
    System.out.print(ours);
  }

  private static void waitUntil(long millis, int micros) {
    while (System.currentTimeMillis() < millis) {
      Thread.onSpinWait();
    }
    long end = System.nanoTime() + micros * 1000L;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  private static void cost(List<String> words) throws Exception {
    int rounds = Integer.parseInt(words.get(1));
    List<String> classes = words.subList(2, words.size());
    StringBuilder[] took = new StringBuilder[classes.size()];
    LogStore[] stores = new LogStore[classes.size()];
    for (int at = 0; at < stores.length; at++) {
      took[at] = new StringBuilder();
      stores[at] = store(classes.get(at));
      new java.io.File(words.get(0) + "/" + at).mkdirs();
    }
    for (int round = 1; round <= rounds; round++) {
      for (int at = 0; at < stores.length; at++) {
        long begin = System.nanoTime();
        write(stores[at], words.get(0) + "/" + at, "cost", round);
        took[at].append((System.nanoTime() - begin) / 1000).append(' ');
      }
    }
    for (StringBuilder line : took) {
      System.out.println(line);
    }
  }

  private static void die(List<String> words) throws Exception {
    String half = "x".repeat(1 << 20); // more than any buffer on the way to the file
    Iterator<String> actions =
        new Iterator<>() {
          private boolean begun;

          @Override
          public boolean hasNext() {
            return true;
          }

          @Override
          public String next() {
            if (begun) {
              Runtime.getRuntime().halt(1);
            }
            begun = true;
            return half;
          }
        };
    store(words.get(0)).write(entry(words.get(1), 1), actions, false, CONF);
  }

  private static boolean write(LogStore store, String log, String name, int number) throws Exception {
    try {
      store.write(entry(log, number), List.of(String.format(ADD, name, number)).iterator(), false, CONF);
      return true;
    } catch (FileAlreadyExistsException taken) {
      return false;
    }
  }

  private static Path entry(String log, int number) {
    return new Path((log.contains("://") ? log : "file://" + log) + String.format("/%020d.json", number));
  }

  private static LogStore store(String name) throws Exception {
    return (LogStore) Class.forName(name).getConstructor(Configuration.class).newInstance(CONF);
  }
}
