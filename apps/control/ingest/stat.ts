// What nginx-rtmp says on /stat, as far as OnAir needs it.
import { XMLParser } from 'fast-xml-parser'
import { z } from 'zod'

/** nginx-rtmp's two applications: `live` takes publishers, `hls` writes what `live` pushes to it. */
export type Application = 'live' | 'hls'

/** Who publishes in an application: the client's number by stream name; null: nobody at the moment. */
export type Publishers = ReadonlyMap<string, number | null>

export type Stat = Readonly<Record<Application, Publishers>>

// An element that stands alone and empty, such as <publishing/>, is parsed as ''.
const present = z.literal('').optional()
const Client = z.object({ id: z.coerce.number().int(), publishing: present })
/** Whatever else nginx says of a stream stays as it is: ingest-stat.ts reads it when somebody asks. */
const StatStream = z.looseObject({ name: z.coerce.string(), client: z.array(Client).default([]) })
const Live = z.union([
  z.object({ stream: z.array(StatStream).default([]) }),
  z.literal('').transform(() => ({ stream: [] })),
])
const StatApplication = z.object({ name: z.coerce.string(), live: Live.default({ stream: [] }) })
const StatDocument = z.object({
  rtmp: z.object({
    server: z.array(z.object({ application: z.array(StatApplication).default([]) })).default([]),
  }),
})

const LISTS = new Set(['server', 'application', 'stream', 'client'])
const parser = new XMLParser({
  isArray: (name) => LISTS.has(name),
  parseTagValue: false,
  ignoreDeclaration: true,
})

/** @throws when it is not nginx-rtmp's XML */
export function readApplications(xml: string): z.output<typeof StatApplication>[] {
  return StatDocument.parse(parser.parse(xml)).rtmp.server.flatMap((server) => server.application)
}

/** @throws when it is not nginx-rtmp's XML */
export function parseStat(xml: string): Stat {
  const applications = readApplications(xml)
  const publishersOf = (name: Application): Publishers =>
    new Map(
      applications
        .filter((application) => application.name === name)
        .flatMap((application) => application.live.stream)
        .map((stream) => [stream.name, stream.client.find((client) => client.publishing === '')?.id ?? null]),
    )
  return { live: publishersOf('live'), hls: publishersOf('hls') }
}
