-- Which nodes have parts of a recording, and in which storages. Explained in prisma/schema.prisma. A folder's id is
-- known to its node only, so each node enters the parts of its older recordings when it starts.

ALTER TABLE `streams` ADD COLUMN `recording_parts` TEXT NULL;

UPDATE `streams`
    SET `recording_parts` = JSON_ARRAY(
            JSON_OBJECT('nodeId', `node_id`, 'storageId', 's3', 'publicUrl', `public_url`, 'stored', NULL)
        ),
        `version` = `version` + 1
    WHERE `recording_storage` = 's3' AND `recording_status` <> 'deleted' AND `node_id` IS NOT NULL;
