// Dumps topics as JSON lines, with Apache Kafka's own Java client: a reader
// that shares no code with the client riverd is built on.
//
//   java -cp "$(scripts/servers/kafka classpath)" Reader.java BOOTSTRAP TOPIC...
//
// Reads every partition from the beginning to the end it has now, committed
// records only. One line per record:
//   {"topic":..,"partition":n,"offset":n,"timestamp":ms,"key":base64|null,"value":base64|null,
//    "headers":[[name,base64|null],..]}
// and one line per partition at last: {"topic":..,"partition":n,"end":offset}

import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class Reader {
    private static final long STUCK_MS = 60_000;

    private static String quote(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 0x20) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    private static String base64(byte[] bytes) {
        return bytes == null ? "null" : '"' + Base64.getEncoder().encodeToString(bytes) + '"';
    }

    private static void print(PrintStream out, ConsumerRecord<byte[], byte[]> r) {
        StringBuilder headers = new StringBuilder();
        for (Header h : r.headers()) {
            headers.append(headers.length() == 0 ? "" : ",")
                .append('[').append(quote(h.key())).append(',').append(base64(h.value())).append(']');
        }
        out.println("{\"topic\":" + quote(r.topic()) + ",\"partition\":" + r.partition() + ",\"offset\":" + r.offset()
            + ",\"timestamp\":" + r.timestamp() + ",\"key\":" + base64(r.key()) + ",\"value\":" + base64(r.value())
            + ",\"headers\":[" + headers + "]}");
    }

    private static List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer, List<String> topics) {
        Map<String, List<PartitionInfo>> known = consumer.listTopics();
        List<TopicPartition> all = new ArrayList<>();
        for (String topic : topics) {
            for (PartitionInfo p : known.getOrDefault(topic, List.of())) {
                all.add(new TopicPartition(topic, p.partition()));
            }
        }
        return all;
    }

    private static Properties properties(String bootstrap) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        p.put("isolation.level", "read_committed");
        p.put("enable.auto.commit", "false");
        p.put("auto.offset.reset", "earliest");
        p.put("key.deserializer", ByteArrayDeserializer.class.getName());
        p.put("value.deserializer", ByteArrayDeserializer.class.getName());
        p.put("max.poll.records", "5000");
        return p;
    }

    public static void main(String[] args) {
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 20), false, StandardCharsets.UTF_8);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties(args[0]))) {
            List<TopicPartition> all = partitions(consumer, Arrays.asList(args).subList(1, args.length));
            consumer.assign(all);
            consumer.seekToBeginning(all);
            // under read_committed this is the last stable offset
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            long progress = System.currentTimeMillis();
            while (all.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) {
                    progress = System.currentTimeMillis();
                    if (r.offset() < ends.get(new TopicPartition(r.topic(), r.partition()))) {
                        print(out, r);
                    }
                }
                if (System.currentTimeMillis() - progress > STUCK_MS) {
                    System.err.println("no progress for a minute");
                    System.exit(1);
                }
            }
            for (TopicPartition p : all) {
                out.println("{\"topic\":" + quote(p.topic()) + ",\"partition\":" + p.partition() + ",\"end\":"
                    + ends.get(p) + "}");
            }
        }
        out.flush();
    }
}
