-- Deleted streams. A deleted stream's row stays, without its title, until its files are removed everywhere; its
-- tombstone stays for good, for nodes that were away. Explained in prisma/schema.prisma.

ALTER TABLE `streams` ADD COLUMN `deleted_at` DATETIME(3) NULL;

CREATE INDEX `streams_deleted_at_idx` ON `streams` (`deleted_at`);

CREATE TABLE `tombstones` (
    `id_hash` BINARY(32) NOT NULL,
    `deleted_at` DATETIME(3) NOT NULL,
    INDEX `tombstones_deleted_at_idx` (`deleted_at`),
    PRIMARY KEY (`id_hash`)
) DEFAULT CHARACTER SET utf8mb4;
