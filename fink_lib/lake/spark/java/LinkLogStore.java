package fink.lake;

import io.delta.storage.CloseableIterator;
import io.delta.storage.HadoopFileSystemLogStore;
import io.delta.storage.LineCloseableIterator;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Objects;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;

/**
 * The log of Delta tables on a file system, whose commits the file system decides.
 *
 * <p>An entry is written under a name that no reader of the log looks for, synced to the disk, and then linked to its
 * own name. A second link to one name fails, whichever process, machine or program asks for it, and what appears under
 * the name is whole. The folder is synced before the commit is called done.
 *
 * <p>Paths are those of the scheme "file"; files are those that the operating system names, without the checksum files
 * that Hadoop puts beside its own.
 */
public class LinkLogStore extends HadoopFileSystemLogStore {

  private static final long BLOCK_BYTES = 32L << 20; // what Hadoop says of local files

  public LinkLogStore(Configuration conf) {
    super(conf);
  }

  @Override
  public void write(
      org.apache.hadoop.fs.Path path, Iterator<String> actions, Boolean overwrite, Configuration conf)
      throws IOException {
    Path target = local(path);
    // Starts with a dot: listings of a log begin at a digit, and Spark and delta-rs pass over what is no entry's name.
    Path scratch = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      writeSynced(scratch, actions);
      dropChecksum(target);
      if (overwrite) {
        Files.move(scratch, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } else {
        link(target, scratch, path);
      }
      syncFolder(target.getParent());
    } finally {
      scratch.toFile().delete(); // what cannot be deleted is in nobody's way, and the commit is made
    }
  }

  @Override
  public CloseableIterator<String> read(org.apache.hadoop.fs.Path path, Configuration conf) throws IOException {
    try {
      // Not by Hadoop's file system: it would compare with a checksum that an earlier writer of the name has left.
      return new LineCloseableIterator(
          new BufferedReader(new InputStreamReader(Files.newInputStream(local(path)), StandardCharsets.UTF_8)));
    } catch (NoSuchFileException missing) {
      throw missing(missing); // the exception that Delta asks for
    }
  }

  /**
   * Lists the files of a log from one on, in order. Hadoop's listing asks the file system about each file of the folder,
   * and a log of a hundred thousand entries is listed several times a batch: here the names are read, and only the few
   * files that were asked for are looked at.
   */
  @Override
  public Iterator<FileStatus> listFrom(org.apache.hadoop.fs.Path path, Configuration conf) throws IOException {
    Path folder = local(path).getParent();
    String[] names = folder.toFile().list((parent, name) -> name.compareTo(path.getName()) >= 0);
    if (names == null) {
      throw new FileNotFoundException("No such file or directory: " + path.getParent());
    }
    Arrays.sort(names);
    org.apache.hadoop.fs.Path parent = path.getParent().makeQualified(URI.create("file:///"), null);
    return Arrays.stream(names).map(name -> status(folder, parent, name)).filter(Objects::nonNull).iterator();
  }

  /** Describes a file; one that has gone since it was listed is none. */
  private static FileStatus status(Path folder, org.apache.hadoop.fs.Path parent, String name) {
    try {
      BasicFileAttributes facts = Files.readAttributes(folder.resolve(name), BasicFileAttributes.class);
      long modified = facts.lastModifiedTime().toMillis();
      org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(parent, name);
      return new FileStatus(facts.size(), facts.isDirectory(), 1, BLOCK_BYTES, modified, path);
    } catch (NoSuchFileException gone) {
      return null;
    } catch (IOException problem) {
      throw new UncheckedIOException(problem);
    }
  }

  /**
   * Tells that a file is seen while it is being written. Entries of this store are not; but Delta asks this for the
   * checkpoints that it writes past the store, and with "false" would write them under their own names.
   */
  @Override
  public Boolean isPartialWriteVisible(org.apache.hadoop.fs.Path path, Configuration conf) {
    return true;
  }

  private static Path local(org.apache.hadoop.fs.Path path) throws IOException {
    String scheme = path.toUri().getScheme();
    if (scheme != null && !scheme.equals("file")) {
      throw new IOException("the log store of local tables was asked for " + path);
    }
    return new java.io.File(path.toUri().getPath()).toPath();
  }

  private static void writeSynced(Path scratch, Iterator<String> actions) throws IOException {
    // A stream, since a channel would be closed by an interrupt.
    try (FileOutputStream file = new FileOutputStream(scratch.toFile())) {
      Writer lines = new BufferedWriter(new OutputStreamWriter(file, StandardCharsets.UTF_8));
      while (actions.hasNext()) {
        lines.write(actions.next());
        lines.write('\n');
      }
      lines.flush();
      file.getFD().sync();
    }
  }

  private static void link(Path target, Path scratch, org.apache.hadoop.fs.Path path) throws IOException {
    try {
      Files.createLink(target, scratch);
    } catch (FileAlreadyExistsException taken) {
      // A network file system may ask its server twice, when the first answer is lost: then the link there is ours.
      if (!Files.isSameFile(target, scratch)) {
        throw new FileAlreadyExistsException(path.toString());
      }
    }
  }

  /** Removes what Hadoop's file system would compare the new content with: the checksum of an older one. */
  private static void dropChecksum(Path target) throws IOException {
    Files.deleteIfExists(target.resolveSibling("." + target.getFileName() + ".crc"));
  }

  private static void syncFolder(Path folder) throws IOException {
    // The commit is made: an interrupt, which Spark stops its streams with, must not make it look failed.
    boolean interrupted = Thread.interrupted();
    try {
      boolean synced = false;
      while (!synced) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
          channel.force(true);
          synced = true;
        } catch (ClosedByInterruptException again) {
          interrupted |= Thread.interrupted();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static FileNotFoundException missing(NoSuchFileException cause) {
    FileNotFoundException missing = new FileNotFoundException(cause.getMessage());
    missing.initCause(cause);
    return missing;
  }
}
