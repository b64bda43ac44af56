// Requests to control's two HTTP ports, as browsers, scripts and nginx send them.
import assert from 'node:assert/strict'
import type { Problem } from '../../../apps/control/api/problem.ts'
import type { IssuedStreamResource, StreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { hashStreamKey } from '../../../apps/control/domain/keys.ts'
import type { Fact } from '../../../apps/control/domain/lifecycle.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import type { Stream } from '../../../apps/control/domain/stream.ts'
import type { TestControl } from '../../support/control.ts'

/** A control whose public API listens, and one whose internal port does, in this process or another. */
type Api = Pick<TestControl, 'apiUrl'>
type Hooks = Pick<TestControl, 'hooksUrl'>

export interface Request {
  readonly method?: string
  readonly token?: string
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent unchanged. */
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer<T> {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed JSON; its type is what the caller expects. */
  readonly body: T
}

/** Sends one request to the public API. */
export async function call<T = Record<string, unknown>>(
  control: Api,
  path: string,
  { method = 'GET', token, json, body, headers = {} }: Request = {},
): Promise<Answer<T>> {
  const response = await fetch(`${control.apiUrl}${path}`, {
    method,
    headers: {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    redirect: 'manual',
    ...(json === undefined && body === undefined ? {} : { body: body ?? JSON.stringify(json) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isJson ? JSON.parse(text) : null) as T,
  }
}

/** Sends a request that must be answered with this problem. */
export async function refused(
  control: Api,
  path: string,
  request: Request,
  status: number,
  code: string,
): Promise<Answer<Problem>> {
  const answer = await call<Problem>(control, path, request)
  assert.equal(answer.status, status, answer.text)
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.deepEqual([answer.body.type, answer.body.status, answer.body.code], ['about:blank', status, code])
  assert.ok(answer.body.title.length > 0 && answer.body.detail.length > 0)
  return answer
}

/** The fields that a validation problem names. */
export function fieldsOf({ body }: Answer<Problem>): string[] {
  return (body.errors ?? []).map((error) => `${error.in} ${error.field}`).sort()
}

/** Creates a stream and returns it with its key. */
export async function createStream(
  control: Api,
  json: Record<string, unknown> = {},
): Promise<IssuedStreamResource> {
  const { status, body, text } = await call<IssuedStreamResource>(control, '/v1/streams', {
    method: 'POST',
    json,
  })
  assert.equal(status, 201, text)
  return body
}

export async function readStream(control: Api, id: string): Promise<StreamResource> {
  const { status, body, text } = await call<StreamResource>(control, `/v1/streams/${id}`)
  assert.equal(status, 200, text)
  return body
}

/** Applies a fact to a stream directly, without hooks or the watcher. */
export async function put(control: TestControl, id: string, fact: Fact): Promise<Stream> {
  const result = await control.context.streams.submit(id, fact)
  assert.ok(result, 'the stream exists')
  return result.stream
}

/** Takes a waiting stream to `live` without nginx. @param clientId nginx's number for its publisher */
export async function goLive(
  control: TestControl,
  issued: IssuedStreamResource,
  clientId = 1,
): Promise<void> {
  const { nodeId, publicUrl } = control.context.config
  const now = new Date()
  await put(control, issued.id, {
    kind: 'publisher-accepted',
    session: { nodeId, nginx: null, clientId, acceptedAt: now, baselineAt: null },
    keyHash: hashStreamKey(new Secret(issued.streamKey.value)),
    publicUrl,
  })
  const { status } = await put(control, issued.id, { kind: 'playlist-seen', nodeId, modifiedAt: now })
  assert.equal(status, 'live')
}

export async function liveStream(control: TestControl, title?: string): Promise<IssuedStreamResource> {
  const issued = await createStream(control, title === undefined ? {} : { title })
  await goLive(control, issued)
  return issued
}

export interface HookAnswer {
  readonly status: number
  readonly location: string | null
}

/** The form that nginx sends with a hook: the same fields in the same order. */
export function hookBody(
  call_: 'publish' | 'publish_done',
  name: string,
  clientId: number,
  args = '',
): string {
  const fields = new URLSearchParams([
    ['app', 'live'],
    ['flashver', 'FMLE/3.0 (compatible; Lavf59.27.100)'],
    ['swfurl', ''],
    ['tcurl', 'rtmp://127.0.0.1:1935/live'],
    ['pageurl', ''],
    ['addr', '127.0.0.1'],
    ['clientid', String(clientId)],
    ['call', call_],
    ['name', name],
    ['type', 'live'],
  ])
  return `${fields}${args === '' ? '' : `&${args}`}`
}

/** Sends one hook as nginx would. */
export async function hook(
  control: Hooks,
  name: 'on_publish' | 'on_publish_done',
  body: string,
  headers: Record<string, string> = {},
): Promise<HookAnswer> {
  const response = await fetch(`${control.hooksUrl}/hooks/nginx/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
    redirect: 'manual',
  })
  await response.body?.cancel()
  return { status: response.status, location: response.headers.get('location') }
}

export interface PublishOptions {
  readonly args?: string
  readonly nginx?: string
  readonly address?: string
}

export function publish(
  control: Hooks,
  key: string,
  clientId = 1,
  { args = '', nginx = '1-100', address = '127.0.0.1' }: PublishOptions = {},
): Promise<HookAnswer> {
  const body = hookBody('publish', key, clientId, args).replace('addr=127.0.0.1', `addr=${address}`)
  return hook(control, 'on_publish', body, { 'x-onair-nginx': nginx })
}

export function publishDone(control: Hooks, key: string, clientId = 1, nginx = '1-100'): Promise<HookAnswer> {
  return hook(control, 'on_publish_done', hookBody('publish_done', key, clientId), { 'x-onair-nginx': nginx })
}
