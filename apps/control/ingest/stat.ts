// What nginx-rtmp says on /stat, as far as OnAir needs it. Read by hand: a thousand publishers are two
// megabytes, every 2 s, and turning all of it into objects took an eighth of a core and kept hooks
// waiting for 300 ms each time (fast-xml-parser); this takes 7 ms.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** nginx-rtmp's two applications: `live` takes publishers, `hls` writes what `live` pushes to it. */
export type Application = 'live' | 'hls'

/** Who publishes in an application: the client's number by stream name; null: nobody at the moment. */
export type Publishers = ReadonlyMap<string, number | null>

export type Stat = Readonly<Record<Application, Publishers>>

/** How many streams are read before others get their turn. */
const STREAMS_A_TURN = 100

/**
 * Takes several turns of the event loop for many streams: hooks and events must not wait for all of it.
 * @throws when it is not nginx-rtmp's XML
 */
export async function parseStat(xml: string): Promise<Stat> {
  const publishersOf = async (name: Application): Promise<Publishers> => {
    const publishers = new Map<string, number | null>()
    for (const [stream, text] of streamsOf(xml, name)) {
      publishers.set(stream, publisherIn(text))
      if (publishers.size % STREAMS_A_TURN === 0) await nextTurn()
    }
    return publishers
  }
  return { live: await publishersOf('live'), hls: await publishersOf('hls') }
}

/**
 * The streams of an application, each as nginx-rtmp's XML says it, by name.
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

function publisherIn(stream: string): number | null {
  for (const client of elements(stream, 'client')) {
    const [id] = elements(client, 'id')
    if (id === undefined || !/^\d+$/.test(id)) throw new Error('a client has no number')
    if (client.includes('<publishing/>')) return Number(id)
  }
  return null
}

/**
 * What stands in each of the elements of this name. nginx-rtmp writes them without attributes, never one
 * within another of the same name, and what publishers said of themselves only escaped.
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
