package io.pysparkflume.landing;

import io.pysparkflume.avro.AvroReader;
import io.pysparkflume.avro.CorruptException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Reads a range of a log's events while the writer adds and removes segments, and verifies the
 * checksum of each block.
 */
public final class RangeReader implements Closeable {
    /** One read has as many blocks as fit into this, but at least one. */
    private static final int READ_BYTES = 1024 * 1024;

    private static final int SYNC_BYTES = 16;

    private final Path folder;
    private long end;
    private final Events events = new Events();
    private final CRC32 crc = new CRC32();
    private long next;
    private Segment segment;
    private SegmentIndex index;
    private FileChannel file;
    private byte[] sync;

    /** Reads the events {@code start} to {@code end} - 1 of the log in a folder. */
    public RangeReader(String folder, long start, long end) throws LandingException {
        try {
            this.folder = Path.of(folder);
        } catch (InvalidPathException error) {
            throw LandingException.unnameable(folder);
        }
        this.next = start;
        this.end = end;
    }

    /** What {@link #read} has read. */
    public Events events() {
        return events;
    }

    /**
     * Reads the next events; returns false at the end of the range.
     *
     * @throws LandingException if the log is damaged, or does not have the range
     */
    public boolean read() throws IOException {
        if (next >= end) {
            return false;
        }
        if (file == null || next == segment.end()) {
            open();
        }
        int entry = index.entryWith(next);
        if (entry == index.count()) {
            throw LandingException.cut(folder, end, index.end(index.count() - 1));
        }
        int after = lastFitting(entry) + 1;
        int bytes = readBytes(entry, after);
        for (int each = entry; each < after; each++) {
            add(each, (int) (index.position(each) - index.position(entry)), bytes);
        }
        next = events.first() + events.count();
        return true;
    }

    @Override
    public void close() throws IOException {
        end = next; // nothing opens a file any more
        closeFile();
    }

    private void closeFile() throws IOException {
        if (file != null) {
            file.close();
            file = null;
        }
    }

    /** Opens the segment with the next event. */
    private void open() throws IOException {
        closeFile();
        List<Segment> segments = Segment.in(folder);
        if (segments.isEmpty() && !Files.exists(folder.resolve("landing.json"))) {
            throw LandingException.missing(folder);
        }
        segment =
                segments.stream()
                        .filter(each -> each.first() <= next)
                        .reduce((older, newer) -> newer)
                        .orElseThrow(() -> gone(segments));
        try {
            file = FileChannel.open(segment.path());
            index = SegmentIndex.of(segment);
        } catch (NoSuchFileException error) {
            throw gone(Segment.in(folder));
        } catch (AccessDeniedException error) {
            throw LandingException.denied(folder);
        }
        boolean complete =
                index.count() > 0
                        && (segment.end() < 0 || index.end(index.count() - 1) == segment.end());
        if (!complete) {
            // Retention removes both files.
            throw Files.exists(segment.path())
                    ? LandingException.indexDamaged(segment)
                    : gone(Segment.in(folder));
        }
        sync = null;
    }

    private LandingException gone(List<Segment> segments) {
        return LandingException.gone(
                folder, next, segments.isEmpty() ? 0 : segments.get(0).first());
    }

    /** Returns the last entry up to which one read goes. */
    private int lastFitting(int entry) {
        long limit = index.position(entry) + READ_BYTES;
        int last = entry;
        while (last + 1 < index.count()
                && index.end(last) < end
                && index.position(last + 1) + index.length(last + 1) <= limit) {
            last++;
        }
        return last;
    }

    /** Reads blocks; returns the number of bytes, which is too small if the segment was cut. */
    private int readBytes(int entry, int after) throws IOException {
        long begin = index.position(entry);
        int size = (int) (index.position(after - 1) + index.length(after - 1) - begin);
        ByteBuffer buffer = ByteBuffer.wrap(events.clear(next, size), 0, size);
        while (buffer.position() < size) {
            // Java reads through a buffer outside of the heap, which each thread then keeps.
            buffer.limit(Math.min(size, buffer.position() + READ_BYTES));
            if (file.read(buffer, begin + buffer.position()) < 0) {
                break;
            }
        }
        return buffer.position();
    }

    /** Adds the events of a block that begins at {@code start} of the {@code bytes} read. */
    private void add(int entry, int start, int bytes) throws IOException {
        int blockEnd = start + index.length(entry);
        crc.reset();
        crc.update(events.data(), start, index.length(entry));
        // Behind the bytes read are those of an earlier read, which may be the same.
        if (blockEnd > bytes || (int) crc.getValue() != index.crc(entry)) {
            throw damaged(entry, "its checksum differs from the index");
        }
        if (sync == null) {
            sync = Arrays.copyOfRange(events.data(), blockEnd - SYNC_BYTES, blockEnd);
        }
        if (!Arrays.equals(
                events.data(), blockEnd - SYNC_BYTES, blockEnd, sync, 0, SYNC_BYTES)) {
            throw damaged(entry, "no sync marker after the block");
        }
        long first = index.end(entry - 1);
        int rows = (int) (index.end(entry) - first);
        int from = (int) Math.max(0, events.first() - first);
        int to = (int) Math.min(rows, end - first);
        AvroReader in = new AvroReader(events.data(), start, blockEnd - SYNC_BYTES);
        try {
            if (in.readLong() != rows || in.readLong() != in.remaining()) {
                throw damaged(entry, "the index has another count");
            }
            events.add(
                    in.position(), blockEnd - SYNC_BYTES, rows, from, to, index.arrival(entry));
        } catch (CorruptException error) {
            throw damaged(entry, error.getMessage());
        }
    }

    private LandingException damaged(int entry, String fact) {
        return LandingException.damaged(segment, index.position(entry), fact);
    }
}
