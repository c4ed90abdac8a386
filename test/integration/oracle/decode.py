"""Records of the input topics, from the bytes that Kafka holds.

Written from the contract alone and with fastavro, which shares nothing with
riverd's decoders. A record becomes a dict with lower-case field names, or it is
Poison with the reason that its dead letter must carry.
"""

import base64
import io
import json
import re
from datetime import date, datetime, timedelta, timezone

import fastavro

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
HEADER = "__value_schema_id"


class Poison(Exception):
    """reason: framing, schema, bytes, null_value, field, event_time"""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def millis(value):
    """An instant as epoch milliseconds: what fastavro makes of the logical
    types, plain milliseconds, ISO-8601 text or digits. None when it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return (aware - EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days * 86400000
    if isinstance(value, str):
        text = value.strip()
        if re.fullmatch(r"-?\d{1,18}", text):
            return int(text)
        try:
            return millis(datetime.fromisoformat(text.replace("Z", "+00:00")))
        except ValueError:
            return None
    return None


class Schemas:
    """Writer schemas by registry id; get(id) gives the schema text or None."""

    def __init__(self, get):
        self.get = get
        self.parsed = {}

    def of(self, number):
        if number not in self.parsed:
            text = self.get(number)
            self.parsed[number] = None if text is None else fastavro.parse_schema(json.loads(text))
        return self.parsed[number]


def avro(body, schema):
    stream = io.BytesIO(body)
    try:
        value = fastavro.schemaless_reader(stream, schema)
    except Exception as error:  # fastavro raises whatever the broken bytes lead to
        raise Poison("bytes") from error
    if stream.read(1):
        raise Poison("bytes")
    return value


def plain_json(value):
    try:
        parsed = json.loads(value)
    except ValueError as error:
        raise Poison("bytes") from error
    if not isinstance(parsed, dict):
        raise Poison("bytes")
    return parsed


def body_of(value, schemas):
    """What the bytes say, whatever they are written in."""
    if value[:1] == b"\0":
        if len(value) < 5:
            raise Poison("framing")
        schema = schemas.of(int.from_bytes(value[1:5], "big"))
        if schema is None:
            raise Poison("schema")
        return avro(value[5:], schema)
    if value.lstrip(b" \t\r\n")[:1] == b"{":
        return plain_json(value)
    raise Poison("framing")


def lower(fields):
    return {name.lower(): value for name, value in fields.items()}


def append(record, schemas):
    """A record of clickstream, bookings or reviews."""
    if record["value"] is None:
        raise Poison("null_value")
    return lower(body_of(record["value"], schemas))


def changelog(record, schemas, key_field):
    """(key, row or None): the row after the change; None when it was deleted.
    A tombstone has only its key."""
    if record["value"] is None:
        return lower(body_of(record["key"], schemas))[key_field], None
    fields = body_of(record["value"], schemas)
    if "op" in fields and ("after" in fields or "before" in fields):
        before, after = fields.get("before"), fields.get("after")
        if fields["op"] == "d" or after is None:
            row = before or body_of(record["key"], schemas)
            return lower(row)[key_field], None
        return lower(after)[key_field], lower(after)
    row = lower(fields)
    return row[key_field], None if row.get("__deleted") == "true" else row


def load(lines):
    """The reader's dump: (records, ends). Bytes are decoded, headers a list."""
    records, ends = [], {}
    for line in lines:
        item = json.loads(line)
        if "end" in item:
            ends[item["topic"], item["partition"]] = item["end"]
            continue
        for name in ("key", "value"):
            item[name] = None if item[name] is None else base64.b64decode(item[name])
        item["headers"] = [(n, None if v is None else base64.b64decode(v)) for n, v in item["headers"]]
        records.append(item)
    return records, ends
