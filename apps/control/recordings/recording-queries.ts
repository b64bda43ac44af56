// Finds streams by their recordings: those that still need work, and those that are finished.
import type { Database } from '../database/database.ts'
import { ACTIVE_RECORDING_STATUSES, type StorageKind } from '../domain/recording.ts'
import type { Stream } from '../domain/stream.ts'
import { fromSelected, SELECT_STREAM, type SelectedRow } from '../streams/rows.ts'

export interface FinishedRecording {
  readonly streamId: string
  readonly nodeId: string | null
  readonly storage: StorageKind
  readonly finishedAt: Date
  readonly sizeBytes: number
}

export class RecordingQueries {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Streams whose recording still needs work. */
  async active(): Promise<Stream[]> {
    const rows = await this.#database.sql.rows<SelectedRow>(
      `${SELECT_STREAM} WHERE recording_status IN (${ACTIVE_RECORDING_STATUSES.map(() => '?').join(', ')})`,
      ACTIVE_RECORDING_STATUSES,
    )
    return rows.map((row) => fromSelected(row).stream)
  }

  /** Recordings that are ready or failed, the earliest finished first. */
  async finished(): Promise<FinishedRecording[]> {
    const rows = await this.#database.run((client) =>
      client.stream.findMany({
        where: { recordingStatus: { in: ['ready', 'failed'] } },
        orderBy: { recordingFinishedAt: 'asc' },
        select: {
          id: true,
          nodeId: true,
          recordingStorage: true,
          recordingFinishedAt: true,
          recordingSizeBytes: true,
        },
      }),
    )
    return rows.map((row) => ({
      streamId: row.id,
      nodeId: row.nodeId,
      storage: row.recordingStorage ?? 'folder',
      finishedAt: row.recordingFinishedAt ?? new Date(0),
      sizeBytes: Number(row.recordingSizeBytes ?? 0),
    }))
  }
}
