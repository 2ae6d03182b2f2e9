package fink.lake;

import io.delta.storage.S3SingleDriverLogStore;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The log of Delta tables in an object store, whose commits the store decides.
 *
 * <p>An entry is one PUT with "If-None-Match: *", so that of two writers, of whichever process, machine or program, the
 * second is answered 412 and told that the entry is taken. What appears is whole: a PUT is.
 *
 * <p>The store of Delta that this one extends lets one driver write a table; it is asked for all but commits.
 */
public class ConditionalLogStore extends S3SingleDriverLogStore {

  /** Hadoop's name of the condition; a file system that does not know it refuses, since it is a must. */
  private static final String CONDITIONAL = "fs.option.create.conditional.overwrite";

  public ConditionalLogStore(Configuration conf) {
    super(conf);
  }

  @Override
  public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration conf) throws IOException {
    if (overwrite) {
      super.write(path, actions, true, conf);
      return;
    }
    byte[] entry = entry(actions);
    FileSystem store = path.getFileSystem(conf);
    try {
      FSDataOutputStreamBuilder<?, ?> file = store.createFile(path).recursive().overwrite(true);
      file.must(CONDITIONAL, true);
      try (FSDataOutputStream out = file.build()) {
        out.write(entry);
      }
    } catch (IOException problem) {
      // Perhaps somebody was first; perhaps that was this very writer, whose first answer was lost on the way.
      byte[] there = content(store, path);
      if (there == null) {
        throw problem;
      }
      if (!Arrays.equals(there, entry)) { // a commit holds an id that is its own
        FileAlreadyExistsException taken = new FileAlreadyExistsException(path.toString());
        taken.initCause(problem);
        throw taken;
      }
    }
  }

  private static byte[] entry(Iterator<String> actions) {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    while (actions.hasNext()) {
      lines.writeBytes(actions.next().getBytes(StandardCharsets.UTF_8));
      lines.write('\n');
    }
    return lines.toByteArray();
  }

  /** Returns what an entry holds, null where there is none. */
  private static byte[] content(FileSystem store, Path path) throws IOException {
    try (FSDataInputStream file = store.open(path)) {
      return file.readAllBytes();
    } catch (FileNotFoundException absent) {
      return null;
    }
  }
}
