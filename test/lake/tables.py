"""Topics become Delta tables: what Confluent's Tableflow does, with open tools.

The newest value schema of the subject <topic>-value defines the table. Records are read
committed, decoded with the schema they were written with, and appended. A topic that is
appended to must never carry a null value, and a column that the schema calls required
must never be null: both are errors here, as they suspend the table there.
"""

import io
import json
import struct
import urllib.request
from pathlib import Path

import fastavro
import pyarrow as pa
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from deltalake import DeltaTable, write_deltalake

PRIMITIVE = {"string": pa.string(), "int": pa.int32(), "long": pa.int64(), "double": pa.float64(), "float": pa.float32(),
             "boolean": pa.bool_(), "bytes": pa.binary()}
TIMES = {"timestamp-millis": pa.timestamp("us", "UTC"), "local-timestamp-millis": pa.timestamp("us"),
         "timestamp-micros": pa.timestamp("us", "UTC")}
METADATA = [pa.field("$$topic", pa.string(), False), pa.field("$$partition", pa.int32(), False),
            pa.field("$$offset", pa.int64(), False), pa.field("$$timestamp", pa.timestamp("us", "UTC"), False),
            pa.field("$$headers", pa.map_(pa.string(), pa.binary()), False)]


class Suspended(Exception):
    """What a lake's writer cannot swallow."""


def arrow_type(avro):
    """(type, nullable)"""
    if isinstance(avro, list):
        rest = [branch for branch in avro if branch != "null"]
        if len(rest) != 1:
            raise Suspended(f"a union of {len(rest)} types")
        return arrow_type(rest[0])[0], "null" in avro
    if isinstance(avro, dict):
        if avro["type"] == "array":
            kind, nullable = arrow_type(avro["items"])
            return pa.list_(pa.field("element", kind, nullable)), False
        if "logicalType" in avro and avro["logicalType"] in TIMES:
            return TIMES[avro["logicalType"]], False
        return arrow_type(avro["type"])
    return PRIMITIVE[avro], False


def arrow_schema(avro):
    columns = [pa.field(f["name"], *arrow_type(f["type"])) for f in avro["fields"]]
    if any(column.name.startswith(("$$", "cflt_")) for column in columns):
        raise Suspended("a column has a reserved name")
    return pa.schema(columns + METADATA)


class Registry:
    def __init__(self, url):
        self.url, self.cache = url, {}

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/{path}", timeout=10) as answer:
            return json.load(answer)

    def latest(self, topic):
        return json.loads(self.get(f"subjects/{topic}-value/versions/latest")["schema"])

    def by_id(self, number):
        if number not in self.cache:
            self.cache[number] = fastavro.parse_schema(json.loads(self.get(f"schemas/ids/{number}")["schema"]))
        return self.cache[number]


def decode(value, registry, reader):
    magic, number = struct.unpack_from(">bi", value)
    if magic != 0:
        raise Suspended("no schema id")
    stream = io.BytesIO(value[5:])
    fields = fastavro.schemaless_reader(stream, registry.by_id(number), reader)
    if stream.read(1):
        raise Suspended("bytes behind the record")
    return fields


class Table:
    """One topic and its table."""

    def __init__(self, topic, brokers, registry, directory):
        self.topic, self.brokers, self.registry = topic, brokers, registry
        self.path = str(Path(directory) / topic)
        self.next = {}  # partition -> offset to go on from

    def records(self):
        """Committed records that are not in the table yet."""
        client = Consumer({"bootstrap.servers": self.brokers, "group.id": "lake", "enable.auto.commit": False,
                           "isolation.level": "read_committed", "enable.partition.eof": True})
        try:
            partitions = list(client.list_topics(self.topic, 10).topics[self.topic].partitions)
            client.assign([TopicPartition(self.topic, p, self.next.get(p, OFFSET_BEGINNING)) for p in partitions])
            open_ends = set(partitions)
            while open_ends:
                message = client.poll(30)
                if message is None:
                    raise TimeoutError(f"{self.topic} cannot be read to its end")
                if message.error():  # the end of a partition; others are raised by list_topics
                    open_ends.discard(message.partition())
                    continue
                self.next[message.partition()] = message.offset() + 1
                yield message
        finally:
            client.close()

    def row(self, message, reader):
        if message.value() is None:
            raise Suspended(f"{self.topic} has a null value, and is appended to")
        fields = decode(message.value(), self.registry, reader)
        return {**fields, "$$topic": self.topic, "$$partition": message.partition(), "$$offset": message.offset(),
                "$$timestamp": message.timestamp()[1] * 1000, "$$headers": message.headers() or []}

    def sync(self):
        """Appends what is new; how many rows."""
        latest = self.registry.latest(self.topic)
        schema, reader = arrow_schema(latest), fastavro.parse_schema(latest)
        rows = [self.row(message, reader) for message in self.records()]
        data = pa.Table.from_pylist(rows, schema=schema)
        for column in schema:
            if not column.nullable and data[column.name].null_count:
                raise Suspended(f"{self.topic}: {column.name} is required, and null in {data[column.name].null_count} records")
        if rows:
            write_deltalake(self.path, data, mode="append", schema_mode="merge")
        return len(rows)

    def delta(self):
        return DeltaTable(self.path)

    def log(self):
        """Every action of the table's transaction log."""
        files = sorted(Path(self.path, "_delta_log").glob("*.json"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]
