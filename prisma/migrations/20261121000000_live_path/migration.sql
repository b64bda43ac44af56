-- Streams, the event log and the sequence that orders it. Explained in prisma/schema.prisma.
-- Identifiers are ASCII and compared byte by byte: an id in other letters is another id.

CREATE TABLE `streams` (
    `id` CHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `title` VARCHAR(120) NULL,
    `record` BOOLEAN NOT NULL,
    `status` ENUM('waiting', 'connecting', 'live', 'reconnecting', 'ended') NOT NULL,
    `version` INTEGER UNSIGNED NOT NULL,
    `created_at` DATETIME(3) NOT NULL,
    `connected_at` DATETIME(3) NULL,
    `live_at` DATETIME(3) NULL,
    `ended_at` DATETIME(3) NULL,
    `end_reason` ENUM('key_expired', 'publisher_gone', 'ended_by_owner', 'ended_by_operator') NULL,
    `key_hash` BINARY(32) NOT NULL,
    `key_expires_at` DATETIME(3) NOT NULL,
    `deadline_at` DATETIME(3) NULL,
    `public_url` VARCHAR(255) NOT NULL,
    `node_id` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    `session_nginx` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    `session_client_id` BIGINT UNSIGNED NULL,
    `session_accepted_at` DATETIME(3) NULL,
    `session_baseline_at` DATETIME(3) NULL,
    `playlist_open` BOOLEAN NOT NULL,

    UNIQUE INDEX `streams_key_hash_key`(`key_hash`),
    INDEX `streams_deadline_at_idx`(`deadline_at`),
    INDEX `streams_node_id_playlist_open_idx`(`node_id`, `playlist_open`),
    INDEX `streams_live_at_id_idx`(`live_at`, `id`),
    INDEX `streams_status_live_at_id_idx`(`status`, `live_at`, `id`),
    PRIMARY KEY (`id`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE `events` (
    `id` BIGINT UNSIGNED NOT NULL,
    `stream_id` CHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `type` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `was_live` BOOLEAN NOT NULL,
    `created_at` DATETIME(3) NOT NULL,
    `data` TEXT NOT NULL,

    INDEX `events_stream_id_id_idx`(`stream_id`, `id`),
    INDEX `events_was_live_id_idx`(`was_live`, `id`),
    PRIMARY KEY (`id`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE TABLE `event_sequence` (
    `id` TINYINT UNSIGNED NOT NULL,
    `head` BIGINT UNSIGNED NOT NULL,
    `pruned` BIGINT UNSIGNED NOT NULL,

    PRIMARY KEY (`id`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

INSERT INTO `event_sequence` (`id`, `head`, `pruned`) VALUES (1, 0, 0);
