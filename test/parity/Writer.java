// Writes records as they are told, with Apache Kafka's own Java client: partition,
// timestamp, key and value of each. Lines of standard input, fields apart by a tab:
//   topic  partition  timestamp  key  value        base64; "-" is null
//
//   java -cp "$(scripts/servers/kafka classpath)" Writer.java BOOTSTRAP

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Writer {
    private static byte[] bytes(String field) {
        return field.equals("-") ? null : Base64.getDecoder().decode(field);
    }

    public static void main(String[] args) throws Exception {
        Properties p = new Properties();
        p.put("bootstrap.servers", args[0]);
        p.put("key.serializer", ByteArraySerializer.class.getName());
        p.put("value.serializer", ByteArraySerializer.class.getName());
        AtomicReference<Exception> failed = new AtomicReference<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(p);
             BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] f = line.split("\t");
                producer.send(new ProducerRecord<>(f[0], Integer.parseInt(f[1]), Long.parseLong(f[2]), bytes(f[3]), bytes(f[4])),
                    (done, error) -> { if (error != null) failed.compareAndSet(null, error); });
            }
        }
        if (failed.get() != null) {
            throw failed.get();
        }
    }
}
