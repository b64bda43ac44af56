-- Tries to publish, and the key that a stream had before its present one. Explained in prisma/schema.prisma.

ALTER TABLE `streams` ADD COLUMN `replaced_key_hash` BINARY(32) NULL AFTER `key_expires_at`;

CREATE INDEX `streams_replaced_key_hash_idx` ON `streams` (`replaced_key_hash`);

CREATE TABLE `attempts` (
    `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    `fingerprint` BINARY(16) NOT NULL,
    `stream_id` CHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL,
    `first_at` DATETIME(3) NOT NULL,
    `last_at` DATETIME(3) NOT NULL,
    `tries` INTEGER UNSIGNED NOT NULL,
    `address` VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NULL,
    `encoder` VARCHAR(100) NULL,
    `result` VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `detail` VARCHAR(200) NULL,

    UNIQUE INDEX `attempts_fingerprint_key`(`fingerprint`),
    INDEX `attempts_stream_id_last_at_id_idx`(`stream_id`, `last_at`, `id`),
    INDEX `attempts_last_at_id_idx`(`last_at`, `id`),
    PRIMARY KEY (`id`),
    CONSTRAINT `attempts_stream_id_fkey` FOREIGN KEY (`stream_id`) REFERENCES `streams`(`id`) ON DELETE CASCADE
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
