// Which host the page uses for the URLs in the service's answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reachableHttpUrl, reachableIngestUrl } from '../../apps/web/src/api/reachable-url.ts'

test('uses the page’s host where an answer says localhost', () => {
  const local = 'http://localhost:8080/hls/a/index.m3u8'
  assert.equal(reachableHttpUrl(local, 'http://10.0.0.5:8080'), 'http://10.0.0.5:8080/hls/a/index.m3u8')
  assert.equal(reachableIngestUrl('rtmp://localhost:1935/live', '10.0.0.5'), 'rtmp://10.0.0.5:1935/live')
})

test('keeps a URL that names another host than localhost', () => {
  const node = 'https://node2.example.com/hls/a/index.m3u8'
  assert.equal(reachableHttpUrl(node, 'https://example.com'), node)
  assert.equal(reachableIngestUrl('rtmp://in.example.com/live', '10.0.0.5'), 'rtmp://in.example.com/live')
  assert.equal(reachableIngestUrl('rtmp://localhost:1935/live', 'localhost'), 'rtmp://localhost:1935/live')
})
