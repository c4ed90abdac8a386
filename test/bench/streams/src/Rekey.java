import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A global store skips records without a key when it is restored, and reviews have none: what
 * lies in their topic gets keys in another one before the job starts. A job that lives on would
 * go on with that.
 */
final class Rekey {
  private Rekey() {}

  static void copy(String brokers, String from, String to, Function<byte[], byte[]> key) {
    Properties p = new Properties();
    p.put("bootstrap.servers", brokers);
    p.put("linger.ms", "20");
    try (KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(p, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer())) {
      List<TopicPartition> all =
          consumer.partitionsFor(from).stream().map(i -> new TopicPartition(from, i.partition())).toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      Map<TopicPartition, Long> ends = consumer.endOffsets(all);
      while (all.stream().anyMatch(t -> consumer.position(t) < ends.get(t)))
        for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(100)))
          producer.send(new ProducerRecord<>(to, key.apply(r.value()), r.value()));
    }
  }
}
