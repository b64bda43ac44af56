-- Limits for publishers: the reasons for which they end a broadcast, the address that they are counted by, and the
-- lock behind which they are counted. Explained in prisma/schema.prisma.

ALTER TABLE `streams`
    MODIFY `end_reason` ENUM(
        'key_expired', 'publisher_gone', 'ended_by_owner', 'ended_by_operator',
        'limit_bitrate', 'limit_duration', 'disk_full'
    ) NULL,
    ADD COLUMN `publisher_address` VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NULL AFTER `session_baseline_at`;

CREATE TABLE `publisher_places` (
    `id` TINYINT UNSIGNED NOT NULL,

    PRIMARY KEY (`id`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

INSERT INTO `publisher_places` (`id`) VALUES (1);
