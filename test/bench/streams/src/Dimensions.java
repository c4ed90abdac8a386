import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.apache.avro.generic.GenericRecord;

/**
 * Hotels, reviews and deleted customers, in memory. Kafka Streams reads the three topics to their
 * end before it takes the first click, and from then on its global thread keeps them up to date.
 */
final class Dimensions {
  record Hotel(String id, String name, String city, String country, String amenities) {
    String alike() {
      return city == null || amenities == null ? null : city + "\0" + amenities;
    }
  }

  record At(long time, String review) implements Comparable<At> {
    @Override
    public int compareTo(At o) {
      return time != o.time ? Long.compare(time, o.time) : review.compareTo(o.review);
    }
  }

  private record Place(String hotel, At at) {}

  private final Map<String, Hotel> hotels = new ConcurrentHashMap<>();
  private final Map<String, NavigableMap<String, Hotel>> alike = new ConcurrentHashMap<>();
  private final Map<String, NavigableMap<At, String>> reviews = new ConcurrentHashMap<>();
  private final Map<String, Place> places = new ConcurrentHashMap<>();
  private final Map<String, String> customers = new ConcurrentHashMap<>();
  private final Set<String> deleted = ConcurrentHashMap.newKeySet();

  void hotel(GenericRecord change) {
    if (change == null) return; // a tombstone follows its delete
    GenericRecord after = (GenericRecord) change.get("after");
    String id = Avro.text(after == null ? (GenericRecord) change.get("before") : after, "HOTEL_ID");
    Hotel old = after == null ? hotels.remove(id) : null;
    if (after != null) {
      Hotel fresh = new Hotel(id, Avro.text(after, "NAME"), Avro.text(after, "CITY"), Avro.text(after, "COUNTRY"),
          Avro.text(after, "AMENITIES"));
      old = hotels.put(id, fresh);
      if (fresh.alike() != null)
        alike.computeIfAbsent(fresh.alike(), k -> new ConcurrentSkipListMap<>()).put(id, fresh);
    }
    if (old != null && old.alike() != null && (after == null || !old.alike().equals(hotels.get(id).alike())))
      alike.get(old.alike()).remove(id);
  }

  void review(GenericRecord review) {
    if (review == null) return;
    String id = Avro.text(review, "review_id");
    String text = Avro.text(review, "review_text");
    if (text == null) return;
    Place place = new Place(Avro.text(review, "hotel_id"), new At((Long) review.get("created_at"), id));
    Place old = places.put(id, place);
    if (old != null && !old.equals(place)) reviews.get(old.hotel()).remove(old.at());
    reviews.computeIfAbsent(place.hotel(), k -> new ConcurrentSkipListMap<>()).put(place.at(), text);
  }

  void customer(GenericRecord change) {
    if (change == null) return;
    GenericRecord after = (GenericRecord) change.get("after");
    if (after != null) {
      customers.put(Avro.text(after, "CUSTOMER_ID"), Objects.toString(Avro.text(after, "EMAIL"), ""));
      deleted.remove(Avro.text(after, "EMAIL"));
      return;
    }
    String email = customers.remove(Avro.text((GenericRecord) change.get("before"), "CUSTOMER_ID"));
    if (email != null && !customers.containsValue(email)) deleted.add(email);
  }

  Hotel hotel(String id) {
    return hotels.get(id);
  }

  boolean deleted(String email) {
    return deleted.contains(email);
  }

  List<String> similar(Hotel hotel) {
    List<String> names = new ArrayList<>();
    if (hotel.alike() != null)
      for (Hotel other : alike.getOrDefault(hotel.alike(), new ConcurrentSkipListMap<>()).values())
        if (!other.id().equals(hotel.id())) names.add(other.name());
    return names;
  }

  /** Of the calendar month before the time, oldest first. */
  List<String> reviews(String hotel, long time) {
    NavigableMap<At, String> all = reviews.get(hotel);
    if (all == null) return List.of();
    long from = Instant.ofEpochMilli(time).atZone(ZoneOffset.UTC).minusMonths(1).toInstant().toEpochMilli();
    return new ArrayList<>(all.subMap(new At(from, ""), true, new At(time + 1, ""), false).values());
  }
}
