import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { startControl, type TestControl } from '../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { SseReader } from '../support/sse.ts'
import { until } from '../support/until.ts'
import { createStream, goLive, liveStream } from './support/api.ts'
import { appendMany } from './support/events.ts'

let database: TestDatabase
before(async () => {
  database = await createTestDatabase()
})
after(() => database[Symbol.asyncDispose]())

/** Opens a connection that sends a text and then reads nothing. */
async function open(url: string, sent: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.pause()
  if (sent !== '') socket.write(sent)
  return socket
}

async function stop(control: TestControl): Promise<number> {
  const begin = performance.now()
  await control[Symbol.asyncDispose]()
  return performance.now() - begin
}

test('a stop ends open event streams cleanly', async () => {
  const control = await startControl({ database })
  const { id } = await liveStream(control)
  await using everybody = await SseReader.open(`${control.apiUrl}/v1/events?lastEventId=0`)
  await using own = await SseReader.open(`${control.apiUrl}/v1/events?stream=${id}&lastEventId=0`)
  await own.frame('stream.live')
  await everybody.frame('stream.live')
  // It sends nothing, so it is closed only when the grace period for requests is over.
  const silent = await open(control.apiUrl, '')
  const stopping = stop(control)
  await until('both to end', () => everybody.ended && own.ended)
  assert.equal(
    silent.readableEnded || silent.closed,
    false,
    'the event streams ended before the grace period did',
  )
  silent.resume()
  await stopping
})

test('connections that send nothing or read nothing do not delay a stop', async () => {
  const control = await startControl({ database })
  const sockets = [
    await open(control.apiUrl, ''),
    await open(control.hooksUrl, ''),
    await open(control.apiUrl, 'GET /v1/streams HTTP/1.1\r\n'),
    await open(control.apiUrl, 'GET /v1/events?lastEventId=0 HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  ]
  await until('the reader', () => control.context.hub.readerCount === 1)
  // More than fits into the socket's buffers, so the end of the response cannot be sent either.
  await appendMany(database, 300, { bytes: 30_000 })
  await goLive(control, await createStream(control))
  const ms = await stop(control)
  for (const socket of sockets) socket.destroy()
  assert.ok(ms < 8_000, `${ms} ms`)
})

test('events that are committed during a stop break nothing', async () => {
  const control = await startControl({ database })
  const reader = await open(control.apiUrl, 'GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until('the reader', () => control.context.hub.readerCount === 1)
  control.context.hub.endAll()
  await liveStream(control)
  await stop(control)
  reader.destroy()
})

test('control can be stopped twice', async () => {
  const control = await startControl({ database })
  await stop(control)
  await stop(control)
  await control.context[Symbol.asyncDispose]()
})

test('a restarted control continues with the streams in the database', async () => {
  const first = await startControl({ database })
  const { id } = await liveStream(first)
  await stop(first)
  await using second = await startControl({ database })
  assert.equal((await second.context.store.find(id))?.status, 'live')
})
