-- Ended streams are removed after STREAM_RETENTION, the longest ended first.
CREATE INDEX streams_ended_at_idx ON streams (ended_at);
