import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.Stores;

/**
 * riverd's targets and HOTEL_BOOKINGS by Kafka Streams: two streams repartitioned by customer, a
 * windowed left join that emits what stayed unmatched when its window closes, and the rest from
 * global stores. HOTEL_CATALOG is not made, nor are dead letters: a record that cannot be decoded
 * ends it.
 *
 * AbandonedClicks BROKERS REGISTRY MODEL_URL APPLICATION_ID TARGETS BOOKINGS REVIEWS STATE_DIR SCHEMAS_DIR GRACE_MINUTES
 */
public final class AbandonedClicks {
  private static final Consumed<byte[], byte[]> RAW = Consumed.with(Serdes.ByteArray(), Serdes.ByteArray());
  private static final Produced<String, byte[]> OUT = Produced.with(Serdes.String(), Serdes.ByteArray());
  private final Dimensions dimensions = new Dimensions();
  private final Avro avro;
  private final Summary summary;
  private final Schema target;
  private final Schema booking;

  private AbandonedClicks(String registry, String model, String targets, String bookings, Path schemas)
      throws IOException {
    avro = new Avro(registry);
    summary = new Summary(model + "/v1/chat/completions");
    target = avro.register(targets,
        Files.readString(schemas.resolve("TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY-value.avsc")));
    booking = avro.register(bookings, Files.readString(schemas.resolve("HOTEL_BOOKINGS-value.avsc")));
  }

  record Click(String hotel, long time) {
    static Click of(String text) {
      int at = text.indexOf(' ');
      return new Click(text.substring(at + 1), Long.parseLong(text.substring(0, at)));
    }
  }

  /** A topic that is read to its end before anything else; the store itself holds nothing. */
  private void dimension(StreamsBuilder builder, String topic, Consumer<GenericRecord> to) {
    builder.addGlobalStore(
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(topic), Serdes.ByteArray(), Serdes.ByteArray())
            .withLoggingDisabled(),
        topic, RAW, () -> new ContextualProcessor<byte[], byte[], Void, Void>() {
          @Override
          public void process(Record<byte[], byte[]> r) {
            to.accept(avro.read(r.value()));
          }
        });
  }

  /** The record's timestamp beside the hotel. */
  private static final class WithTime extends ContextualFixedKeyProcessor<byte[], GenericRecord, GenericRecord> {
    @Override
    public void process(FixedKeyRecord<byte[], GenericRecord> r) {
      GenericRecord click = r.value();
      click.put("hotel_id", r.timestamp() + " " + click.get("hotel_id"));
      context().forward(r);
    }
  }

  private byte[] enrich(String email, Click click) {
    Dimensions.Hotel hotel = dimensions.hotel(click.hotel());
    if (hotel == null || dimensions.deleted(email)) return null;
    List<String> reviews = dimensions.reviews(click.hotel(), click.time());
    if (reviews.isEmpty()) return null;
    String text = String.join("||| ", reviews);
    GenericRecord out = new GenericData.Record(target);
    out.put("CUSTOMER_EMAIL", email);
    out.put("HOTEL_ID", click.hotel());
    out.put("ACTIVITY_TIME", click.time());
    out.put("HOTEL_NAME", hotel.name() == null ? "Unknown" : hotel.name());
    out.put("HOTEL_CITY", hotel.city() == null ? "Unknown" : hotel.city());
    out.put("SIMILAR_HOTELS", dimensions.similar(hotel));
    out.put("HOTEL_REVIEWS", text);
    out.put("REVIEW_SUMMARY", summary.of(text));
    return avro.write(out);
  }

  private byte[] withHotel(GenericRecord b) {
    Dimensions.Hotel hotel = dimensions.hotel(Avro.text(b, "hotel_id"));
    if (hotel == null) return null;
    GenericRecord out = new GenericData.Record(booking);
    for (String name : List.of("booking_id", "customer_email", "hotel_id", "check_in", "check_out", "price"))
      out.put(name.toUpperCase(), b.get(name));
    out.put("HOTEL_NAME", hotel.name());
    out.put("CITY", hotel.city());
    out.put("COUNTRY", hotel.country());
    return avro.write(out);
  }

  private StreamsBuilder topology(String targets, String withHotels, String reviews, Duration grace) {
    StreamsBuilder builder = new StreamsBuilder();
    dimension(builder, "riverhotel.SAMPLE.HOTEL", dimensions::hotel);
    dimension(builder, "riverhotel.SAMPLE.CUSTOMER", dimensions::customer);
    dimension(builder, reviews, dimensions::review);
    KStream<String, String> clicks = builder.stream("clickstream", RAW)
        .mapValues(avro::read)
        .filter((k, r) -> r != null && "booking-click".equals(Avro.text(r, "action"))
            && r.get("customer_email") != null && r.get("hotel_id") != null)
        .processValues(WithTime::new)
        .map((k, r) -> KeyValue.pair(Avro.text(r, "customer_email"), Avro.text(r, "hotel_id")));
    KStream<String, GenericRecord> booked = builder.stream("bookings", RAW)
        .mapValues(avro::read)
        .filter((k, r) -> r != null && r.get("customer_email") != null)
        .map((k, r) -> KeyValue.pair(Avro.text(r, "customer_email"), r));
    booked.mapValues(this::withHotel).filter((email, out) -> out != null).to(withHotels, OUT);
    JoinWindows window = JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMinutes(20), grace).before(Duration.ZERO);
    clicks.leftJoin(booked.mapValues(r -> Avro.text(r, "booking_id")), (click, b) -> b == null ? click : null, window,
            StreamJoined.with(Serdes.String(), Serdes.String(), Serdes.String()))
        .filter((email, click) -> click != null)
        .mapValues((email, click) -> enrich(email, Click.of(click)))
        .filter((email, out) -> out != null)
        .to(targets, OUT);
    return builder;
  }

  private static Properties properties(String[] a) {
    Properties p = new Properties();
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, a[0]);
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, a[3]);
    p.put(StreamsConfig.STATE_DIR_CONFIG, a[7]);
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000); // riverd's; the default of 100 ms costs more
    p.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    // wait for the slower side of the join, else bookings are late while a backlog is read
    p.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, 10000L);
    // by default it looks for closed windows once a second, and only while records come
    p.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_OUTER_JOIN_SPURIOUS_RESULTS_FIX, 10L);
    p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    p.put(StreamsConfig.producerPrefix("linger.ms"), "20");
    p.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
    return p;
  }

  public static void main(String[] a) throws Exception {
    AbandonedClicks job = new AbandonedClicks(a[1], a[2], a[4], a[5], Path.of(a[8]));
    Rekey.copy(a[0], "hotel_reviews", a[6], v -> Avro.text(job.avro.read(v), "review_id").getBytes(UTF_8));
    Properties p = properties(a);
    StreamsBuilder builder = job.topology(a[4], a[5], a[6], Duration.ofMinutes(Long.parseLong(a[9])));
    KafkaStreams streams = new KafkaStreams(builder.build(p), p);
    CountDownLatch done = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      streams.close(Duration.ofSeconds(20));
      done.countDown();
    }));
    streams.setUncaughtExceptionHandler(e -> {
      e.printStackTrace();
      Runtime.getRuntime().halt(1);
      return null;
    });
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING) System.out.println("READY");
    });
    streams.start();
    done.await();
  }
}
