import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.Stores;

/**
 * riverd's targets and HOTEL_BOOKINGS by Kafka Streams: clicks and bookings repartitioned by
 * customer, a processor that finds the clicks without a booking, and the rest from global stores.
 * HOTEL_CATALOG is not made, nor are dead letters: a record that cannot be decoded ends it.
 *
 * The left join of its DSL is not used: while clicks come out of order by more than its window, it
 * does not wait for its grace period (KAFKA-19536, open in 4.3).
 *
 * Stream time moves with records alone, in each partition by itself. What is written to the topic
 * TICKS goes to all of them, so that somebody can tell that time has passed.
 *
 * AbandonedClicks BROKERS REGISTRY MODEL_URL APPLICATION_ID TARGETS BOOKINGS REVIEWS TICKS STATE_DIR SCHEMAS_DIR PATIENCE_HOURS
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

  private byte[] enrich(String email, Abandoned.Click click) {
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

  private static boolean has(GenericRecord r, String field) {
    String text = Avro.text(r, field);
    return text != null && !text.isEmpty();
  }

  /** By customer, and ticks to all partitions. */
  private static Optional<Set<Integer>> partitions(String topic, String email, String hotel, int count) {
    return email.isEmpty() ? Optional.of(IntStream.range(0, count).boxed().collect(Collectors.toSet()))
        : Optional.empty();
  }

  private StreamsBuilder topology(String targets, String withHotels, String reviews, String ticks, Duration patience) {
    StreamsBuilder builder = new StreamsBuilder();
    dimension(builder, "riverhotel.SAMPLE.HOTEL", dimensions::hotel);
    dimension(builder, "riverhotel.SAMPLE.CUSTOMER", dimensions::customer);
    dimension(builder, reviews, dimensions::review);
    KStream<String, String> clicks = builder.stream("clickstream", RAW)
        .mapValues(avro::read)
        .filter((k, r) -> r != null && "booking-click".equals(Avro.text(r, "action")) && has(r, "customer_email")
            && has(r, "hotel_id"))
        .map((k, r) -> KeyValue.pair(Avro.text(r, "customer_email"), Avro.text(r, "hotel_id")));
    KStream<String, GenericRecord> booked = builder.stream("bookings", RAW)
        .mapValues(avro::read)
        .filter((k, r) -> r != null && r.get("customer_email") != null)
        .selectKey((k, r) -> Avro.text(r, "customer_email"));
    booked.mapValues(this::withHotel).filter((email, out) -> out != null).to(withHotels, OUT);
    clicks.merge(booked.filter((email, r) -> !email.isEmpty()).mapValues(r -> ""))
        .merge(builder.stream(ticks, RAW).map((k, v) -> KeyValue.pair("", "")))
        .repartition(Repartitioned.<String, String>as("events").withKeySerde(Serdes.String())
            .withValueSerde(Serdes.String()).withStreamPartitioner(AbandonedClicks::partitions))
        .process(new Abandoned(patience))
        .mapValues(this::enrich)
        .filter((email, out) -> out != null)
        .to(targets, OUT);
    return builder;
  }

  private static Properties properties(String[] a) {
    Properties p = new Properties();
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, a[0]);
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, a[3]);
    p.put(StreamsConfig.STATE_DIR_CONFIG, a[8]);
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000); // riverd's; the default of 100 ms costs more
    p.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    // no order is needed within the patience; the default of 0 costs a sixth more
    p.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, StreamsConfig.MAX_TASK_IDLE_MS_DISABLED);
    p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    p.put(StreamsConfig.producerPrefix("linger.ms"), "20");
    // with the default of 10 s, a tick that decides much would end in an aborted transaction
    p.put(StreamsConfig.producerPrefix("transaction.timeout.ms"), "60000");
    p.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
    return p;
  }

  public static void main(String[] a) throws Exception {
    AbandonedClicks job = new AbandonedClicks(a[1], a[2], a[4], a[5], Path.of(a[9]));
    Rekey.copy(a[0], "hotel_reviews", a[6], v -> Avro.text(job.avro.read(v), "review_id").getBytes(UTF_8));
    Properties p = properties(a);
    StreamsBuilder builder = job.topology(a[4], a[5], a[6], a[7], Duration.ofHours(Long.parseLong(a[10])));
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
