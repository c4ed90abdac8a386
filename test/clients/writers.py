"""Clients that write events. Each takes a list of (input, key, fields); key is None where there
is none. Fields have the names of the newest schemas, in lower case; hotels in upper case."""

import json
import subprocess

from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

import live

SERVERS = live.SERVERS
SAMPLES = live.ROOT / "schemas" / "input"
TOPICS = {"clickstream": "clickstream", "bookings": "bookings", "reviews": "hotel_reviews", "hotel": "riverhotel.SAMPLE.HOTEL"}
VALUES = {"clickstream": SAMPLES / "2026" / "clickstream-value.avsc", "bookings": SAMPLES / "2026" / "bookings-value.avsc",
          "reviews": SAMPLES / "2026" / "reviews-value.avsc", "hotel": SAMPLES / "cdc" / "riverhotel.SAMPLE.HOTEL-flat-value.avsc"}
HOTEL_KEY = SAMPLES / "cdc" / "riverhotel.SAMPLE.HOTEL-key.avsc"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def java(*more):
    return [output(SERVERS / "kafka", "java"), "-Xmx256m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp",
            output(SERVERS / "connect", "serdes"), *more]


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def complete(schema, fields):
    """Every field of the schema; absent ones are null."""
    return {f["name"]: fields.get(f["name"]) for f in schema["fields"]}


# ---- Java ----

def avro_json(schema, value):
    """Avro's own JSON encoding: branches of a union by name."""
    if isinstance(schema, list):
        branch = next(b for b in schema if b != "null")
        if value is None:
            return None
        name = branch if isinstance(branch, str) else (
            f"{branch['namespace']}.{branch['name']}" if "name" in branch else branch["type"])
        return {name: avro_json(branch, value)}
    if isinstance(schema, dict) and schema["type"] == "record":
        return {f["name"]: avro_json(f["type"], value[f["name"]]) for f in schema["fields"]}
    return value


def java_avro(world, events):
    lines = []
    for name, key, fields in events:
        schema = json.loads(VALUES[name].read_text())
        value = json.dumps(avro_json(schema, complete(schema, fields)))
        key = json.dumps(key) if key else ""
        lines.append("\t".join([TOPICS[name], str(HOTEL_KEY) if key else "", key, str(VALUES[name]), value]) + "\n")
    run(java(live.ROOT / "test" / "clients" / "Client.java", "produce", world.brokers, world.core_registry), "".join(lines))


def console_producer(world, events):
    """kafka-console-producer: JSON without a schema."""
    for name, topic in TOPICS.items():
        text = "".join((json.dumps(key) if key else "null") + "\t" + json.dumps(f) + "\n" for n, key, f in events if n == name)
        run(java("org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", world.brokers, "--topic", topic,
                 "--reader-property", "parse.key=true", "--reader-property", "null.marker=null"), text)


# ---- Python ----

class PythonWriter:
    def __init__(self, world):
        self.producer = Producer({"bootstrap.servers": world.brokers})
        self.registry = SchemaRegistryClient({"url": world.registry})

    def send(self, topic, key, value):
        self.producer.produce(topic, value=value, key=key)

    def done(self):
        assert self.producer.flush(30) == 0


def python_avro(world, events):
    w = PythonWriter(world)
    keys = AvroSerializer(w.registry, HOTEL_KEY.read_text())
    values = {name: AvroSerializer(w.registry, path.read_text()) for name, path in VALUES.items()}
    for name, key, fields in events:
        schema, topic = json.loads(VALUES[name].read_text()), TOPICS[name]
        w.send(topic, keys(key, SerializationContext(topic, MessageField.KEY)) if key else None,
               values[name](complete(schema, fields), SerializationContext(topic, MessageField.VALUE)))
    w.done()


def json_type(value):
    return {str: "string", int: "integer", float: "number"}[type(value)]


def python_json_schema(world, events):
    """JSON Schema: subjects of their own, as a subject has one type of schema."""
    w, made = PythonWriter(world), {}
    for name, key, fields in events:
        if name not in made:
            schema = {"$schema": "http://json-schema.org/draft-07/schema#", "title": name, "type": "object",
                      "properties": {n: {"type": json_type(v)} for n, v in fields.items()}}
            made[name] = JSONSerializer(json.dumps(schema), w.registry, conf={
                "auto.register.schemas": True, "subject.name.strategy": lambda ctx, record: f"{ctx.topic}-json-value"})
        w.send(TOPICS[name], json.dumps(key) if key else None,
               made[name](fields, SerializationContext(TOPICS[name], MessageField.VALUE)))
    w.done()


# ---- kcat ----

def kcat(world, events):
    for name, topic in TOPICS.items():
        for _, key, fields in (e for e in events if e[0] == name):
            live.produce(world.brokers, topic, fields, json.dumps(key) if key else None)


WRITERS = {"java-avro": java_avro, "console-producer": console_producer, "python-avro": python_avro,
           "python-json-schema": python_json_schema, "kcat": kcat}
