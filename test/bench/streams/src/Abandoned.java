import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Clicks that no booking by the same customer follows within 20 minutes. They wait in a store in
 * order of time until stream time is past those 20 minutes and a patience; then the bookings are
 * asked. So clicks and bookings may come in any order within the patience.
 *
 * Records are keyed by customer: the hotel is a click's value, that of a booking is empty. One with
 * an empty key as well is a tick, of which only the time counts.
 */
final class Abandoned implements ProcessorSupplier<String, String, String, Abandoned.Click> {
  private static final Duration WINDOW = Duration.ofMinutes(20);
  private static final byte[] THERE = {};
  private final Duration patience;

  Abandoned(Duration patience) {
    this.patience = patience;
  }

  record Click(String email, String hotel, long time) {
    /** Ordered by time. */
    Bytes key() {
      byte[] rest = (email + '\0' + hotel).getBytes(UTF_8);
      return Bytes.wrap(ByteBuffer.allocate(Long.BYTES + rest.length).putLong(time).put(rest).array());
    }

    static Click of(Bytes key) {
      String rest = new String(key.get(), Long.BYTES, key.get().length - Long.BYTES, UTF_8);
      int at = rest.indexOf('\0');
      return new Click(rest.substring(0, at), rest.substring(at + 1), ByteBuffer.wrap(key.get()).getLong());
    }
  }

  @Override
  public Set<StoreBuilder<?>> stores() {
    Duration kept = patience.plus(WINDOW.multipliedBy(2));
    return Set.of(
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("clicks"), Serdes.Bytes(), Serdes.ByteArray()),
        Stores.windowStoreBuilder(
            Stores.inMemoryWindowStore("bookings", kept, WINDOW, false), Serdes.String(), Serdes.ByteArray()));
  }

  @Override
  public Processor<String, String, String, Click> get() {
    return new Decider();
  }

  private final class Decider extends ContextualProcessor<String, String, String, Click> {
    private KeyValueStore<Bytes, byte[]> clicks;
    private WindowStore<String, byte[]> bookings;

    @Override
    public void init(ProcessorContext<String, Click> context) {
      super.init(context);
      clicks = context.getStateStore("clicks");
      bookings = context.getStateStore("bookings");
      context.schedule(Duration.ofMinutes(1), PunctuationType.STREAM_TIME, this::decide);
    }

    @Override
    public void process(Record<String, String> r) {
      if (r.key().isEmpty()) return;
      if (r.value().isEmpty()) bookings.put(r.key(), THERE, r.timestamp());
      else clicks.put(new Click(r.key(), r.value(), r.timestamp()).key(), THERE);
    }

    private boolean booked(Click click) {
      try (var found = bookings.fetch(click.email(), click.time(), click.time() + WINDOW.toMillis())) {
        return found.hasNext();
      }
    }

    private void decide(long now) {
      byte[] end = ByteBuffer.allocate(Long.BYTES).putLong(now - WINDOW.plus(patience).toMillis()).array();
      try (KeyValueIterator<Bytes, byte[]> due = clicks.range(null, Bytes.wrap(end))) {
        while (due.hasNext()) {
          KeyValue<Bytes, byte[]> next = due.next();
          Click click = Click.of(next.key);
          if (!booked(click)) context().forward(new Record<>(click.email(), click, click.time()));
          clicks.delete(next.key);
        }
      }
    }
  }
}
