// A Java application's view of the topics: Apache Kafka's client with Avro (de)serialisers
// that use Confluent's framing and a schema registry.
//
//   java -cp "$(scripts/servers/connect serdes)" Client.java produce BOOTSTRAP REGISTRY < lines
//   java -cp ... Client.java consume BOOTSTRAP REGISTRY TOPIC...
//
// produce: a line is TOPIC <tab> KEY SCHEMA FILE <tab> KEY <tab> VALUE SCHEMA FILE <tab> VALUE; key
// and value in Avro's JSON encoding, the key's two may be empty. consume: a line is TOPIC <tab> KEY
// <tab> VALUE as JSON, committed records only.

import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

public class Client {
    private static final long STUCK_MS = 60_000;

    private static Properties settings(String bootstrap, String registry) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        p.put("isolation.level", "read_committed");
        p.put("key.serializer", AvroKafkaSerializer.class.getName());
        p.put("value.serializer", AvroKafkaSerializer.class.getName());
        p.put("key.deserializer", AvroKafkaDeserializer.class.getName());
        p.put("value.deserializer", AvroKafkaDeserializer.class.getName());
        p.put("apicurio.registry.url", registry);
        p.put("apicurio.registry.as-confluent", "true");
        p.put("apicurio.registry.use-id", "contentId");
        p.put("apicurio.registry.headers.enabled", "false");
        p.put("apicurio.registry.auto-register", "true");
        return p;
    }

    private static GenericRecord record(String schemaFile, String json) throws Exception {
        if (json.isEmpty()) {
            return null;
        }
        Schema schema = new Schema.Parser().parse(new File(schemaFile));
        return new GenericDatumReader<GenericRecord>(schema).read(null, DecoderFactory.get().jsonDecoder(schema, json));
    }

    private static void produce(Properties p) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (KafkaProducer<GenericRecord, GenericRecord> producer = new KafkaProducer<>(p)) {
            for (String line; (line = in.readLine()) != null;) {
                String[] f = line.split("\t", -1);
                sent.add(producer.send(new ProducerRecord<>(f[0], record(f[1], f[2]), record(f[3], f[4]))));
            }
        }
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
    }

    private static void consume(Properties p, List<String> topics) {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (KafkaConsumer<GenericRecord, GenericRecord> consumer = new KafkaConsumer<>(p)) {
            List<TopicPartition> all = new ArrayList<>();
            for (String topic : topics) {
                for (PartitionInfo info : consumer.partitionsFor(topic)) {
                    all.add(new TopicPartition(topic, info.partition()));
                }
            }
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            long stuck = System.currentTimeMillis() + STUCK_MS;
            while (all.stream().anyMatch(at -> consumer.position(at) < ends.get(at))) {
                if (System.currentTimeMillis() > stuck) {
                    throw new IllegalStateException("the end is not reached");
                }
                for (ConsumerRecord<GenericRecord, GenericRecord> r : consumer.poll(Duration.ofMillis(100))) {
                    out.println(r.topic() + "\t" + r.key() + "\t" + r.value());
                }
            }
        }
        out.flush();
    }

    public static void main(String[] args) throws Exception {
        Properties p = settings(args[1], args[2]);
        if (args[0].equals("produce")) {
            produce(p);
        } else {
            consume(p, Arrays.asList(args).subList(3, args.length));
        }
    }
}
