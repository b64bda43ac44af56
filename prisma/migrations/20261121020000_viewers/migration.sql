-- How many watch pages are open at each control process, by stream. Explained in prisma/schema.prisma.

CREATE TABLE `viewers` (
    `process_id` CHAR(21) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `stream_id` CHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `viewers` INTEGER UNSIGNED NOT NULL,
    `seen_at` DATETIME(3) NOT NULL,

    INDEX `viewers_seen_at_idx`(`seen_at`),
    PRIMARY KEY (`process_id`, `stream_id`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
