// Reads from nginx-rtmp's /stat who publishes. Parsed by hand: for a thousand publishers it is two megabytes,
// fetched every 2 s, and turning all of it into objects (fast-xml-parser) took an eighth of a core and
// delayed hooks by 300 ms each time; this takes 7 ms.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** nginx-rtmp's two applications: `live` takes publishers and pushes their streams to `hls`, which writes the files. */
export type Application = 'live' | 'hls'

/** Who publishes in an application: the publisher's client number by stream name; null: the stream has no publisher. */
export type Publishers = ReadonlyMap<string, number | null>

export interface Stat extends Readonly<Record<Application, Publishers>> {
  /** How many bytes each stream of `live` has received since its publisher connected. */
  readonly bytesReceived: ReadonlyMap<string, number>
}

/** How many streams are parsed before other work gets its turn. */
const STREAMS_A_TURN = 100

/**
 * Gives way to other work between batches of streams: hooks and events must not wait for all of them.
 * @throws when it is not nginx-rtmp's XML
 */
export async function parseStat(xml: string): Promise<Stat> {
  const bytesReceived = new Map<string, number>()
  const publishersOf = async (name: Application): Promise<Publishers> => {
    const publishers = new Map<string, number | null>()
    for (const [stream, text] of streamsOf(xml, name)) {
      publishers.set(stream, publisherIn(text))
      if (name === 'live') bytesReceived.set(stream, bytesIn(text))
      if (publishers.size % STREAMS_A_TURN === 0) await nextTurn()
    }
    return publishers
  }
  return { live: await publishersOf('live'), hls: await publishersOf('hls'), bytesReceived }
}

/**
 * The streams of an application: each one's name and XML.
 * @throws when it is not nginx-rtmp's XML
 */
export function* streamsOf(xml: string, name: Application): Generator<[name: string, text: string]> {
  for (const application of elements(documentOf(xml), 'application')) {
    const [first] = elements(application, 'name')
    if (first === undefined) throw new Error('an application has no name')
    if (unescaped(first) !== name) continue
    for (const stream of elements(application, 'stream')) {
      const [own] = elements(stream, 'name')
      if (own === undefined) throw new Error('a stream has no name')
      yield [unescaped(own), stream]
    }
  }
}

function documentOf(xml: string): string {
  const [document] = elements(xml, 'rtmp')
  if (document === undefined) throw new Error('there is no <rtmp>')
  return document
}

/** nginx writes it before the clients, who have no such element. */
function bytesIn(stream: string): number {
  const [bytes] = elements(stream, 'bytes_in')
  return Number(bytes ?? 0)
}

function publisherIn(stream: string): number | null {
  for (const client of elements(stream, 'client')) {
    const [id] = elements(client, 'id')
    if (id === undefined || !/^\d+$/.test(id)) throw new Error('a client has no number')
    if (client.includes('<publishing/>')) return Number(id)
  }
  return null
}

/**
 * The content of every element with this name. That is safe for nginx-rtmp's XML: its elements have no
 * attributes, none contains another of its own name, and it escapes all text that publishers sent.
 */
function* elements(text: string, name: string): Generator<string> {
  const [open, close] = [`<${name}`, `</${name}>`]
  for (let at = text.indexOf(open); at !== -1; at = text.indexOf(open, at)) {
    at += open.length
    if (text.startsWith('/>', at)) yield ''
    if (text[at] !== '>') continue
    const end = text.indexOf(close, at)
    if (end === -1) throw new Error(`<${name}> has no end`)
    yield text.slice(at + 1, end)
    at = end
  }
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function unescaped(text: string): string {
  return text.replace(/&(\w+);/g, (entity, name: string) => ENTITIES[name] ?? entity)
}
