// Places for broadcasts, with MAX_PUBLISHERS and MAX_PUBLISHERS_PER_ADDRESS: counted in the transaction that takes
// one, behind a lock that all nodes share, so that two publishers at the same moment never take the same place.
import type { RowDataPacket } from 'mysql2'
import type { Statement, Transactions } from '../database/transactions.ts'
import {
  type BroadcastCounts,
  type LimitRefusal,
  lackOfPlace,
  type PublisherLimits,
} from '../domain/limits.ts'

/** A place that a transaction is to take. */
export interface Place {
  readonly limits: PublisherLimits
  /** The publisher's address; null: unknown, and then only the number of all broadcasts counts. */
  readonly address: string | null
}

/** Held until the COMMIT. Whoever gets it next counts the broadcast that was committed before. */
const LOCK: Statement = { sql: 'SELECT id FROM publisher_places WHERE id = 1 FOR UPDATE', values: [] }
/** A stream in its reconnect window keeps its place, so its streamer is never refused for want of one. */
const BROADCASTS = "FROM streams WHERE status IN ('connecting', 'live', 'reconnecting')"
/** 4 bytes of an IPv4 address, or the /64 network of an IPv6 address, which belongs to one customer. */
const network = (address: string) => `LEFT(INET6_ATON(${address}), 8)`

/** To be added to the UPDATE that takes the place. */
export const IF_PLACE = ' AND @onair_refusal IS NULL'

/** Counts before the other statements of a transaction, and says whether there was a place. */
export class PlaceTransactions implements Pick<Transactions, 'run'> {
  readonly #transactions: Transactions
  readonly #place: Place
  /** Why there was no place in the last transaction; null: there was. */
  refusal: LimitRefusal | null = null

  constructor(transactions: Transactions, place: Place) {
    this.#transactions = transactions
    this.#place = place
  }

  async run(statements: readonly Statement[]): ReturnType<Transactions['run']> {
    const before = this.#counting()
    const results = await this.#transactions.run([...before, ...statements])
    const [counts] = results[before.length - 1] as unknown as (BroadcastCounts & RowDataPacket)[]
    this.refusal = counts === undefined ? null : lackOfPlace(counts, this.#place.limits)
    return results.slice(before.length)
  }

  #counting(): Statement[] {
    const { address, limits } = this.#place
    const { publishers, publishersPerAddress } = limits
    const isByAddress = publishersPerAddress !== 0 && address !== null
    return [
      LOCK,
      { sql: `SELECT COUNT(*) INTO @onair_all ${BROADCASTS}`, values: [] },
      isByAddress
        ? {
            sql: `SELECT COUNT(*) INTO @onair_from_address ${BROADCASTS} AND ${network('publisher_address')} = ${network('?')}`,
            values: [address],
          }
        : { sql: 'SET @onair_from_address = 0', values: [] },
      {
        sql: `SET @onair_refusal = IF((? > 0 AND @onair_all >= ?) OR (? > 0 AND @onair_from_address >= ?), 1, NULL)`,
        values: [publishers, publishers, publishersPerAddress, publishersPerAddress],
      },
      { sql: 'SELECT @onair_all AS `all`, @onair_from_address AS fromAddress', values: [] },
    ]
  }
}
