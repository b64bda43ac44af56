-- Nodes are told apart by an id in DATA_DIR and by process instead of by host and port, and others judge them
-- by their renewals instead of by an expiry time. Explained in prisma/schema.prisma. Rows are written anew by
-- each control that starts.

DELETE FROM `nodes`;

ALTER TABLE `nodes`
    DROP COLUMN `place`,
    DROP COLUMN `lease_until`,
    ADD COLUMN `installation` CHAR(21) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ADD COLUMN `incarnation` VARCHAR(21) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ADD COLUMN `address` VARCHAR(300) NOT NULL,
    ADD COLUMN `renewed_at` DATETIME(3) NOT NULL;
