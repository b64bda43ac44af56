// Finds streams by their recordings: those that still need work, and those that are finished.
import type { Database } from '../database/database.ts'
import { ACTIVE_RECORDING_STATUSES, type Recording } from '../domain/recording.ts'
import type { Stream } from '../domain/stream.ts'
import { fromSelected, SELECT_STREAM, type SelectedRow } from '../streams/rows.ts'

const ACTIVE = `recording_status IN (${ACTIVE_RECORDING_STATUSES.map(() => '?').join(', ')})`

export interface FinishedRecording {
  readonly streamId: string
  readonly finishedAt: Date
  readonly recording: Recording
}

export class RecordingQueries {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Streams whose recording still needs work. */
  active(): Promise<Stream[]> {
    return this.#streams(`WHERE ${ACTIVE}`, ACTIVE_RECORDING_STATUSES)
  }

  /** Recordings that are ready or failed, the earliest finished first. */
  async finished(): Promise<FinishedRecording[]> {
    const where = "WHERE recording_status IN ('ready', 'failed') ORDER BY recording_finished_at"
    return (await this.#streams(where, [])).flatMap(({ id, recording }) =>
      recording === null
        ? []
        : [{ streamId: id, finishedAt: recording.finishedAt ?? new Date(0), recording }],
    )
  }

  /**
   * Enters the part of recordings that a version without parts began on this node.
   * @param storageId where this node stores recordings of that kind
   */
  async claim(nodeId: string, kind: Recording['storage'], storageId: string): Promise<void> {
    await this.#database.sql.change(
      `UPDATE streams
       SET recording_parts = JSON_ARRAY(
             JSON_OBJECT('nodeId', node_id, 'storageId', ?, 'publicUrl', public_url, 'stored', NULL)
           ),
           version = version + 1
       WHERE recording_parts IS NULL AND node_id = ? AND recording_storage = ?
         AND recording_status <> 'deleted'`,
      [storageId, nodeId, kind],
    )
  }

  async #streams(condition: string, values: readonly string[]): Promise<Stream[]> {
    const rows = await this.#database.sql.rows<SelectedRow>(`${SELECT_STREAM} ${condition}`, values)
    return rows.map((row) => fromSelected(row).stream)
  }
}
