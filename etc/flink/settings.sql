SET 'execution.runtime-mode' = '${MODE}';
SET 'table.local-time-zone' = 'UTC';
SET 'parallelism.default' = '${PARALLELISM}';
SET 'execution.checkpointing.interval' = '${CHECKPOINT}';
SET 'table.exec.source.idle-timeout' = '30 s';
-- Debezium repeats itself after a restart; with this, a row that is inserted twice is one row.
SET 'table.exec.source.cdc-events-duplicate' = 'true';
SET 'table.dml-sync' = '${WAIT}';
SET 'pipeline.name' = '${NAME}';
