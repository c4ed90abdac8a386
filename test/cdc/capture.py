"""A database whose changes are captured: PostgreSQL, Kafka Connect, Debezium."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
import live  # noqa: E402

AVRO = "io.apicurio.registry.utils.converter.AvroConverter"
JSON = "org.apache.kafka.connect.json.JsonConverter"
UNWRAP = {"transforms": "unwrap", "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState"}

# How the same tables are captured: the connector's own settings by name.
FORMS = {
    "envelope": {},
    "flat": UNWRAP,
    "rewrite": {**UNWRAP, "transforms.unwrap.delete.tombstone.handling.mode": "rewrite",
                "transforms.unwrap.add.fields": "op,source.ts_ms"},
    "json": {"key.converter": JSON, "value.converter": JSON, "time.precision.mode": "connect",
             "decimal.handling.mode": "double"},
}

TABLES = """
CREATE SCHEMA "SAMPLE";
CREATE TABLE "SAMPLE"."HOTEL" (
  hotel_id char(10) PRIMARY KEY, name varchar(100) NOT NULL, class text, description text, city text,
  country text, room_capacity numeric, rate numeric(10,2) DEFAULT 99.50, amenities text, tags text[],
  created_at timestamp DEFAULT now());
ALTER TABLE "SAMPLE"."HOTEL" ALTER description SET STORAGE EXTERNAL;
CREATE TABLE "SAMPLE"."CUSTOMER" (
  customer_id bigint PRIMARY KEY, name text, email text NOT NULL, birth_date date,
  created_at timestamptz DEFAULT now());
"""


class Postgres:
    def __init__(self, directory):
        self.server = live.Server("postgres", directory)
        self.port, self.psql = self.server.env["PORT"], self.server.env["PSQL"]

    def run(self, sql, *options):
        done = subprocess.run([self.psql, "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", "-X", "-q", "-v",
                               "ON_ERROR_STOP=1", *options], input=sql, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, sql):
        """A list of lists; null is None."""
        text = self.run(f"SELECT coalesce(json_agg(to_json(r)), '[]') FROM ({sql}) r;", "-t", "-A")
        return [list(row.values()) for row in json.loads(text)]

    def stop(self):
        self.server.stop()


class Connect:
    def __init__(self, directory, brokers, registry_url, database):
        self.server = live.Server("connect", directory, brokers)
        self.url, self.database = self.server.env["URL"], database
        self.registry = registry_url.replace("ccompat/v7", "registry/v2")

    def converter(self, side):
        """Confluent's framing with the ids that the registry's Confluent API knows."""
        name = f"{side}.converter"
        return {name: AVRO, f"{name}.apicurio.registry.url": self.registry,
                f"{name}.apicurio.registry.auto-register": "true", f"{name}.apicurio.registry.as-confluent": "true",
                f"{name}.apicurio.registry.use-id": "contentId", f"{name}.apicurio.registry.headers.enabled": "false"}

    def config(self, form, prefix):
        return {
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "tasks.max": "1",
            "database.hostname": "127.0.0.1", "database.port": self.database.port, "database.user": "postgres",
            "database.password": "", "database.dbname": "postgres", "plugin.name": "pgoutput", "topic.prefix": prefix,
            "slot.name": form, "publication.name": form, "publication.autocreate.mode": "filtered",
            "table.include.list": "SAMPLE.HOTEL,SAMPLE.CUSTOMER", "topic.creation.default.replication.factor": "1",
            "topic.creation.default.partitions": "2", "poll.interval.ms": "50",
            **self.converter("key"), **self.converter("value"), **FORMS[form]}

    def capture(self, form, prefix):
        """Creates the connector, or again after a restart of Connect; waits until it runs."""
        body = json.dumps({"name": form, "config": self.config(form, prefix)}).encode()
        status, text = live.http(f"{self.url}/connectors", body, timeout=60)
        assert status == 201, text

    def running(self, form):
        status, text = live.http(f"{self.url}/connectors/{form}/status")
        states = [task["state"] for task in json.loads(text)["tasks"]] if status == 200 else []
        assert "FAILED" not in states, text
        return states == ["RUNNING"]

    def stop(self):
        self.server.stop()

    def start(self):
        self.server.start()
