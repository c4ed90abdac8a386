import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;

/**
 * The same targets by Kafka Streams, in its own words: two repartitioned streams, a windowed left
 * join that emits what stayed unmatched when the window closes, and the hotel from a global table.
 * It stops at the hotel: reviews and summaries are not made, which is in its favour.
 *
 * AbandonedClicks BROKERS REGISTRY APPLICATION_ID OUT_TOPIC STATE_DIR GUARANTEE THREADS
 */
public final class AbandonedClicks {
  private static final Pattern SCHEMA = Pattern.compile("\"schema\"\\s*:\\s*(\"(?:[^\"\\\\]|\\\\.)*\")");
  private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new ConcurrentHashMap<>();
  private final HttpClient http = HttpClient.newHttpClient();
  private final String registry;

  private AbandonedClicks(String registry) {
    this.registry = registry;
  }

  private GenericDatumReader<GenericRecord> fetch(int id) {
    try {
      HttpRequest request = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
      String body = http.send(request, HttpResponse.BodyHandlers.ofString()).body();
      Matcher m = SCHEMA.matcher(body);
      if (!m.find()) throw new IllegalStateException("no schema " + id);
      String text = m.group(1).substring(1, m.group(1).length() - 1)
          .replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\");
      return new GenericDatumReader<>(new Schema.Parser().parse(text));
    } catch (java.io.IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private GenericRecord decode(byte[] value) {
    if (value == null || value.length < 5) return null;
    ByteBuffer b = ByteBuffer.wrap(value);
    b.get();
    int id = b.getInt();
    try {
      BinaryDecoder decoder =
          DecoderFactory.get().binaryDecoder(new ByteArrayInputStream(value, 5, value.length - 5), null);
      return readers.computeIfAbsent(id, this::fetch).read(null, decoder);
    } catch (java.io.IOException e) {
      return null;
    }
  }

  private static String field(GenericRecord r, String name) {
    for (Schema.Field f : r.getSchema().getFields())
      if (f.name().equalsIgnoreCase(name)) {
        Object v = r.get(f.pos());
        return v == null ? null : v.toString();
      }
    return null;
  }

  /** The row after the change, or null for a delete. */
  private static GenericRecord after(GenericRecord r) {
    return r.getSchema().getField("after") == null ? r : (GenericRecord) r.get("after");
  }

  private StreamsBuilder topology(String out) {
    StreamsBuilder builder = new StreamsBuilder();
    Consumed<byte[], byte[]> raw = Consumed.with(Serdes.ByteArray(), Serdes.ByteArray());
    KStream<String, String> clicks = builder.stream("clickstream", raw)
        .mapValues(this::decode)
        .filter((k, r) -> r != null && "booking-click".equals(field(r, "action")) && field(r, "customer_email") != null)
        .processValues(WithTime::new)
        .map((k, c) -> KeyValue.pair(field(c.record(), "customer_email"), field(c.record(), "hotel_id") + " " + c.time()));
    KStream<String, String> bookings = builder.stream("bookings", raw)
        .mapValues(this::decode)
        .filter((k, r) -> r != null && field(r, "customer_email") != null)
        .map((k, r) -> KeyValue.pair(field(r, "customer_email"), field(r, "booking_id")));
    builder.stream("riverhotel.SAMPLE.HOTEL", raw)
        .mapValues(v -> v == null ? null : after(decode(v)))
        .filter((k, r) -> r != null)
        .map((k, r) -> KeyValue.pair(field(r, "hotel_id"), field(r, "name") + "|" + field(r, "city")))
        .to(out + "-hotels", Produced.with(Serdes.String(), Serdes.String()));
    GlobalKTable<String, String> hotels =
        builder.globalTable(out + "-hotels", Consumed.with(Serdes.String(), Serdes.String()));
    clicks.leftJoin(bookings, (click, booking) -> booking == null ? click : null,
            JoinWindows.ofTimeDifferenceAndGrace(Duration.ZERO, Duration.ofSeconds(5)).after(Duration.ofMinutes(20)),
            StreamJoined.with(Serdes.String(), Serdes.String(), Serdes.String()))
        .filter((email, click) -> click != null)
        .leftJoin(hotels, (email, click) -> click.substring(0, click.indexOf(' ')),
            (click, hotel) -> click + " " + hotel)
        .to(out, Produced.with(Serdes.String(), Serdes.String()));
    return builder;
  }

  record Click(GenericRecord record, long time) {}

  /** The record's timestamp beside it. */
  private static final class WithTime
      extends org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor<byte[], GenericRecord, Click> {
    @Override
    public void process(org.apache.kafka.streams.processor.api.FixedKeyRecord<byte[], GenericRecord> r) {
      context().forward(r.withValue(new Click(r.value(), r.timestamp())));
    }
  }

  public static void main(String[] a) throws InterruptedException {
    Properties p = new Properties();
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, a[0]);
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, a[2]);
    p.put(StreamsConfig.STATE_DIR_CONFIG, a[4]);
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, a[5]);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, a[6]);
    p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
    p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    p.put(StreamsConfig.producerPrefix("linger.ms"), "20");
    p.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
    p.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    p.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    KafkaStreams streams = new KafkaStreams(new AbandonedClicks(a[1]).topology(a[3]).build(), p);
    CountDownLatch done = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      streams.close(Duration.ofSeconds(20));
      done.countDown();
    }));
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING) System.out.println("READY");
    });
    streams.start();
    done.await();
  }
}
