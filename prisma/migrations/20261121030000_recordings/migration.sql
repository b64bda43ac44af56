-- A stream's recording, and the index that lists them. Explained in prisma/schema.prisma.

ALTER TABLE `streams`
    ADD COLUMN `recording_status` ENUM('recording', 'processing', 'ready', 'failed', 'deleting', 'deleted') NULL,
    ADD COLUMN `recording_storage` ENUM('folder', 's3') NULL,
    ADD COLUMN `recording_finished_at` DATETIME(3) NULL,
    ADD COLUMN `recording_duration_ms` INTEGER UNSIGNED NULL,
    ADD COLUMN `recording_size_bytes` BIGINT UNSIGNED NULL,
    ADD COLUMN `recording_missing_segments` INTEGER UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN `recording_has_playlist` BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN `recording_has_mp4` BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN `recording_has_poster` BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN `recording_failure` ENUM('nothing_recorded', 'storage_unavailable', 'disk_full') NULL,
    ADD INDEX `streams_recording_status_live_at_id_idx`(`recording_status`, `live_at`, `id`);
