import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.ObjectMapper;

/** One call of the model for each text, as long as the process lives. */
final class Summary {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TASK = "The user message holds what guests wrote about one hotel, with ||| between reviews. "
      + "Answer with one sentence, fit for an e-mail to customers, that says what guests liked most.";
  private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Map<String, String> known = new ConcurrentHashMap<>();
  private final URI uri;

  Summary(String url) {
    uri = URI.create(url);
  }

  String of(String reviews) {
    return known.computeIfAbsent(reviews, this::ask);
  }

  private String ask(String reviews) {
    String body = JSON.writeValueAsString(Map.of("model", "bench", "messages", List.of(
        Map.of("role", "system", "content", TASK), Map.of("role", "user", "content", reviews))));
    HttpRequest request = HttpRequest.newBuilder(uri).header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body)).build();
    try {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      return JSON.readTree(answer.body()).at("/choices/0/message/content").asString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
