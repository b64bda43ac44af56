// nginx's internal HTTP server with many publishers: /stat in nginx-rtmp's own words and size, and drops.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { NGINX_INSTANCE } from '../control-process.ts'
import { serve } from './serve.ts'

const publishers = new Map<string, number>()

const server = createServer((request, response) => {
  response.setHeader('x-onair-nginx', NGINX_INSTANCE)
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://nginx')
  if (pathname === '/stat') {
    response.end(statXml())
    return
  }
  publishers.delete(searchParams.get('name') ?? '')
  response.end('1')
})

function statXml(): string {
  return `<?xml version="1.0" encoding="utf-8" ?>
<?xml-stylesheet type="text/xsl" href="stat.xsl" ?>
<rtmp>
<nginx_version>1.22.1</nginx_version>
<nginx_rtmp_version>1.1.4</nginx_rtmp_version>
<pid>100</pid>
<uptime>3600</uptime>
${application('live')}${application('hls')}</rtmp>
`
}

function application(name: 'live' | 'hls'): string {
  const streams = [...publishers].map(([id, client]) =>
    stream(id, name === 'live' ? client : 1e6 + client, name),
  )
  return `<server>
<application>
<name>${name}</name>
<live>
${streams.join('')}<nclients>${publishers.size * (name === 'live' ? 2 : 1)}</nclients>
</live>
</application>
</server>
`
}

function stream(id: string, client: number, name: 'live' | 'hls'): string {
  const relay = `<client><id>${2e6 + client}</id><address>127.0.0.1:19350/hls</address><time>3600123</time><flashver>ngx-local-relay</flashver><dropped>0</dropped><avsync>-12</avsync><timestamp>3633123</timestamp><active/></client>\n`
  return `<stream>
<name>${id}</name>
<time>3600661</time><bw_in>1204224</bw_in>
<bytes_in>541818207</bytes_in>
<bw_out>1204224</bw_out>
<bytes_out>541771494</bytes_out>
<bw_audio>128000</bw_audio>
<bw_video>1076224</bw_video>
${name === 'live' ? relay : ''}<client><id>${client}</id><address>127.0.0.1</address><time>3600839</time><flashver>FMLE/3.0 (compatible; Lavf59.27</flashver><dropped>0</dropped><avsync>-12</avsync><timestamp>3633123</timestamp><publishing/><active/></client>
<meta><video><width>1280</width><height>720</height><frame_rate>30</frame_rate><codec>H264</codec><profile>High</profile><compat>0</compat><level>3.1</level></video><audio><codec>AAC</codec><profile>LC</profile><channels>2</channels><sample_rate>44100</sample_rate></audio></meta>
<nclients>${name === 'live' ? 2 : 1}</nclients>
<publishing/>
<active/>
</stream>
`
}

const calls = {
  /** @returns the port it listens on */
  async start(): Promise<number> {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  add(streams: readonly { readonly id: string; readonly clientId: number }[]): void {
    for (const { id, clientId } of streams) publishers.set(id, clientId)
  },
  remove(ids: readonly string[]): void {
    for (const id of ids) publishers.delete(id)
  },
}

export type StatServer = typeof calls
serve(calls)
