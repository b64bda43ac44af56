import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { call, createStream, liveStream } from '../support/api.ts'

type Json = Record<string, unknown>
interface Operation {
  readonly summary?: string
  readonly tags?: string[]
  readonly parameters?: { name: string; in: string; required?: boolean; schema?: Json }[]
  readonly requestBody?: { content: Record<string, { schema: Json }> }
  readonly responses: Record<string, { description?: string; content?: Record<string, { schema: Json }> }>
  readonly security?: Record<string, unknown[]>[]
}
interface Document {
  readonly openapi: string
  readonly info: { title: string; version: string }
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { schemas: Record<string, Json>; securitySchemes: Json }
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
let control: TestControl
let document: Document
before(async () => {
  control = await startControl()
  document = (await call<Document>(control, '/openapi.json')).body
})
after(() => control[Symbol.asyncDispose]())

function operations(): [string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  )
}

/** Every object in the document with its JSON pointer. */
function* nodes(value: unknown, path = '#'): Generator<[string, Json]> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield [path, value as Json]
  for (const [key, child] of Object.entries(value)) yield* nodes(child, `${path}/${key}`)
}

describe('the OpenAPI document', () => {
  test('is OpenAPI 3.1 and has a title and a version', () => {
    assert.match(document.openapi, /^3\.1\.\d+$/)
    assert.ok(document.info.title && document.info.version)
  })

  test('has every route of the public API and none of the internal one', () => {
    const paths: Record<string, string[]> = {
      '/v1/streams': ['get', 'post'],
      '/v1/ingest': ['get'],
      '/v1/streams/{id}': ['delete', 'get'],
      '/v1/streams/{id}/stream-key': ['post'],
      '/v1/streams/{id}/end': ['post'],
      '/v1/events': ['get'],
      '/healthz': ['get'],
      '/readyz': ['get'],
    }
    for (const [path, methods] of Object.entries(paths)) {
      const there = Object.keys(document.paths[path] ?? {})
      for (const method of methods) assert.ok(there.includes(method), `${method} ${path}`)
      const more = there.filter((method) => !methods.includes(method))
      assert.deepEqual(more, [], `${path} has methods that are not served`)
    }
    assert.ok(Object.keys(document.paths).every((path) => !/hooks|metrics|docs/.test(path)))
  })

  test('describes each operation, its parameters and its answers as the standard requires', () => {
    for (const [name, operation] of operations()) {
      assert.ok(METHODS.includes(name.split(' ')[0] ?? ''), name)
      assert.ok(operation.summary && operation.tags?.length, name)
      const placeholders = [...name.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const parameters = operation.parameters ?? []
      const inPath = parameters.filter((parameter) => parameter.in === 'path')
      assert.deepEqual(
        inPath.map((parameter) => parameter.name),
        placeholders,
        name,
      )
      assert.ok(
        inPath.every((parameter) => parameter.required === true),
        name,
      )
      for (const { name: parameter, in: where, schema } of parameters) {
        assert.ok(['path', 'query', 'header'].includes(where) && schema, `${name} ${parameter}`)
      }
      assert.ok(Object.keys(operation.responses).length > 0, name)
      for (const [status, response] of Object.entries(operation.responses)) {
        assert.match(status, /^([1-5]\d\d|[1-5]XX|default)$/, name)
        assert.equal(typeof response.description, 'string', `${name} ${status}`)
      }
    }
  })

  test('has no dangling reference, and nothing that exists only in OpenAPI 3.0', () => {
    for (const [path, node] of nodes(document)) {
      if (typeof node.$ref === 'string') {
        const target = node.$ref
          .replace(/^#\//, '')
          .split('/')
          .reduce<unknown>((value, key) => (value as Json | undefined)?.[key], document)
        assert.ok(target, `${path} → ${node.$ref}`)
      }
      assert.ok(!('nullable' in node) || path.endsWith('/properties'), `${path} has nullable`)
      assert.equal(typeof node.exclusiveMinimum === 'boolean', false, path)
    }
    for (const name of Object.keys(document.components.schemas)) assert.match(name, /^[A-Za-z0-9._-]+$/)
    for (const [name, { security }] of operations()) {
      for (const scheme of (security ?? []).flatMap((one) => Object.keys(one))) {
        assert.ok(scheme in document.components.securitySchemes, `${name}: ${scheme}`)
      }
    }
  })

  test('describes a stream, a stream key and a problem', () => {
    const required = (schema: string) => (document.components.schemas[schema]?.required ?? []) as string[]
    assert.deepEqual(required('IssuedStreamKey').sort(), ['expiresAt', 'ingestUrl', 'value'])
    assert.ok(required('Problem').includes('code'))
    assert.ok(required('Stream').includes('status') && !required('Stream').includes('streamKey'))
  })

  test('names exactly the fields that answers contain', async () => {
    const issued = await createStream(control)
    const { id } = await liveStream(control)
    const named = (schema: string) =>
      Object.keys((document.components.schemas[schema]?.properties ?? {}) as Json).sort()
    assert.deepEqual(Object.keys(issued).sort(), named('IssuedStream'))
    const { body } = await call(control, `/v1/streams/${id}`)
    assert.deepEqual(
      Object.keys(body).sort(),
      named('Stream').filter((name) => name !== 'streamKey'),
    )
    const list = await call(control, '/v1/streams')
    assert.deepEqual(Object.keys(list.body).sort(), named('StreamList'))
    const problem = await call(control, '/v1/streams/x')
    assert.ok(Object.keys(problem.body).every((name) => named('Problem').includes(name)))
  })
})

test('GET /docs is a page that shows the document', async () => {
  const page = await call(control, '/docs')
  assert.equal(page.status, 200)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '')
  assert.ok(files.length > 2)
  for (const file of files) {
    const path = new URL(file, `${control.apiUrl}/docs`).pathname
    assert.equal((await call(control, path)).status, 200, path)
  }
})
