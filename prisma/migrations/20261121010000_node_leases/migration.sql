-- One row a node: until when the others take it to be alive. Explained in prisma/schema.prisma.

CREATE TABLE `nodes` (
    `id` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `place` VARCHAR(255) NOT NULL,
    `lease_until` DATETIME(3) NOT NULL,

    PRIMARY KEY (`id`)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
