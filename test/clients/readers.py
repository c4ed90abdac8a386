"""Clients that read the outputs: each gives {topic: [(key fields, value fields)]}, times as
milliseconds."""

import json
from datetime import datetime, timedelta, timezone

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

import live
from writers import java, run

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DESERIALISER = "io.apicurio.registry.serde.avro.AvroKafkaDeserializer"


def java_avro(world, topics):
    out = {topic: [] for topic in topics}
    for line in run(java(live.ROOT / "test" / "clients" / "Client.java", "consume", world.brokers, world.core_registry,
                         *topics)).splitlines():
        topic, key, value = line.split("\t")
        out[topic].append((json.loads(key), json.loads(value)))
    return out


def console_consumer(world, topics):
    """kafka-console-consumer with the deserialisers plugged in; it ends when it has as many as there must be
    (the others see whether there are more), or says on its standard output that nothing came."""
    plugged = []
    for side in ("key", "value"):
        for name, value in (("", DESERIALISER), (".apicurio.registry.url", world.core_registry),
                            (".apicurio.registry.as-confluent", "true"), (".apicurio.registry.use-id", "contentId")):
            plugged += ["--formatter-property", f"{side}.deserializer{name}={value}"]
    out = {}
    for topic in topics:
        text = run(java("-Dlog4j2.level=OFF", "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", world.brokers, "--topic", topic,
                        "--from-beginning", "--isolation-level", "read_committed", "--timeout-ms", "60000", "--max-messages", str(world.rows),
                        "--formatter-property", "print.key=true", *plugged))
        out[topic] = [tuple(json.loads(part) for part in line.split("\t")) for line in text.splitlines()]
    return out


def python_avro(world, topics):
    registry = SchemaRegistryClient({"url": world.registry})
    deserialise = AvroDeserializer(registry)
    out = {topic: [] for topic in topics}
    client = Consumer({"bootstrap.servers": world.brokers, "group.id": "reader", "isolation.level": "read_committed",
                       "enable.partition.eof": True, "enable.auto.commit": False})
    try:
        places = [TopicPartition(t, p, OFFSET_BEGINNING) for t in topics for p in client.list_topics(t, 10).topics[t].partitions]
        client.assign(places)
        left = len(places)
        while left:
            message = client.poll(30)
            assert message is not None, "the end is not reached"
            if message.error():
                left -= 1
                continue
            key, value = (deserialise(data, SerializationContext(message.topic(), field)) for data, field in (
                (message.key(), MessageField.KEY), (message.value(), MessageField.VALUE)))
            out[message.topic()].append((key, {n: millis(v) for n, v in value.items()}))
    finally:
        client.close()
    return out


def millis(value):
    return (value - EPOCH) // timedelta(milliseconds=1) if isinstance(value, datetime) else value


def kcat(world, topics):
    """Debian's kcat knows no Avro: its bytes, by the schemas in the repository."""
    out = {}
    for topic in topics:
        key_schema = json.loads((live.ROOT / "schemas" / f"{topic}-key.avsc").read_text())
        out[topic] = [(live.AvroReader(r["key"][5:]).read(key_schema), live.decode(r, topic)) for r in live.consume(world.brokers, topic)]
    return out


READERS = {"java-avro": java_avro, "console-consumer": console_consumer, "python-avro": python_avro, "kcat": kcat}
