import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Avro with a schema registry: what Confluent's serialisers do, which Maven Central does not carry. */
final class Avro {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final HttpClient http = HttpClient.newHttpClient();
  private final Map<Integer, Schema> schemas = new ConcurrentHashMap<>();
  private final Map<Schema, Integer> ids = new ConcurrentHashMap<>();
  private final ThreadLocal<Map<Integer, GenericDatumReader<GenericRecord>>> readers =
      ThreadLocal.withInitial(java.util.HashMap::new);
  private final String registry;

  Avro(String registry) {
    this.registry = registry;
  }

  private JsonNode ask(HttpRequest request) {
    try {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) throw new IllegalStateException(request.uri() + ": " + answer.body());
      return JSON.readTree(answer.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private Schema schema(int id) {
    HttpRequest request = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
    return new Schema.Parser().parse(ask(request).get("schema").asString());
  }

  /** Registers the value schema of a topic. */
  Schema register(String topic, String text) {
    Schema schema = new Schema.Parser().parse(text);
    String body = JSON.writeValueAsString(Map.of("schema", text));
    HttpRequest request = HttpRequest.newBuilder(URI.create(registry + "/subjects/" + topic + "-value/versions"))
        .header("Content-Type", "application/vnd.schemaregistry.v1+json")
        .POST(HttpRequest.BodyPublishers.ofString(body)).build();
    ids.put(schema, ask(request).get("id").asInt());
    return schema;
  }

  GenericRecord read(byte[] value) {
    if (value == null) return null;
    int id = ByteBuffer.wrap(value, 1, 4).getInt();
    try {
      return readers.get()
          .computeIfAbsent(id, i -> new GenericDatumReader<>(schemas.computeIfAbsent(i, this::schema)))
          .read(null, DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  byte[] write(GenericRecord record) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    out.write(0);
    out.writeBytes(ByteBuffer.allocate(4).putInt(ids.get(record.getSchema())).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    try {
      new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
      encoder.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static String text(GenericRecord record, String field) {
    Object value = record.get(field);
    return value == null ? null : value.toString();
  }
}
