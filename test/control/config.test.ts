// Settings from the environment: what each becomes, and how a wrong one is reported. Long because every setting has a
// case here.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { ConfigError, readConfig } from '../../apps/control/config.ts'

const TOKENS = ['one-token-of-24-characters', 'two-token-of-24-characters']
const CREATE_TOKEN = 'creates-and-reads-only-24'

function problems(env: Record<string, string>): string[] {
  try {
    readConfig(env)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
  }
  return []
}

describe('without settings', () => {
  const config = readConfig({})

  test('everything has its default', () => {
    assert.deepEqual(
      { ...config, nodeId: 'host' },
      {
        publicUrl: 'http://localhost:8080',
        rtmpUrl: 'rtmp://localhost:1935/live',
        ...{ databaseUrl: undefined, migrationDatabaseUrl: undefined },
        httpPort: 8080,
        rtmpPort: 1935,
        apiPort: 3000,
        hooksPort: 3001,
        internalHttpPort: 8090,
        internalRtmpPort: 19350,
        ...{ httpAddress: null, rtmpAddress: null, tls: null, httpsPort: 8443, rtmpsPort: 1936 },
        ...{ acmeWebroot: null, hstsMaxAgeS: 0 },
        listenAddress: '127.0.0.1',
        nginxUrl: 'http://127.0.0.1:8090',
        controlUrl: 'http://127.0.0.1:3000',
        hlsDir: '/tmp/hls',
        dashDir: '/tmp/dash',
        dataDir: '.data',
        streamKeyTtlMs: 600_000,
        reconnectWindowMs: 60_000,
        streamCreation: 'open',
        createRateLimit: 30,
        clientLimits: {
          ...{ apiRate: 500, readers: 0, readersPerAddress: 1000, connectionsPerAddress: 2000 },
          ...{ rtmpConnections: 0, rtmpConnectionsPerAddress: 200 },
        },
        trustedProxies: [],
        runAs: null,
        publisherLimits: {
          publishers: 0,
          publishersPerAddress: 0,
          bitrateKbits: 0,
          durationMs: 0,
          minFreeBytes: 500_000_000,
        },
        eventRetentionMs: 30 * 24 * 60 * 60 * 1_000,
        streamRetentionMs: 90 * 86_400_000,
        mediaSocket: '.data/run/media.sock',
        recordingsDir: '.data/recordings',
        recordingsMaxAgeMs: null,
        recordingsMaxBytes: null,
        recordingsMinFreeBytes: 2 ** 30,
        recordingsPatienceMs: 30 * 60 * 1_000,
        s3: null,
        apiTokens: [],
        createTokens: [],
        ...{ corsOrigins: null, internalHosts: [] },
        logLevel: 'info',
        nodeId: 'host',
      },
    )
    assert.match(config.nodeId, /^[A-Za-z0-9._-]{1,64}$/)
  })

  test('an empty value counts as not set', () => {
    const names = [
      'PUBLIC_URL',
      'DATABASE_URL',
      'HTTP_PORT',
      'STREAM_KEY_TTL',
      'API_TOKENS',
      'NODE_ID',
      'LOG_LEVEL',
    ]
    assert.deepEqual(readConfig(Object.fromEntries(names.map((name) => [name, '']))), config)
  })

  test('other environment variables are ignored', () => {
    assert.deepEqual(readConfig({ PATH: '/bin', HOME: '/root', PORT: 'x' }), config)
  })
})

describe('defaults follow the ports', () => {
  test('PUBLIC_URL, RTMP_URL, NGINX_URL and CONTROL_URL do', () => {
    const config = readConfig({ HTTP_PORT: '81', RTMP_PORT: '82', API_PORT: '83', INTERNAL_HTTP_PORT: '84' })
    assert.equal(config.publicUrl, 'http://localhost:81')
    assert.equal(config.rtmpUrl, 'rtmp://localhost:82/live')
    assert.equal(config.controlUrl, 'http://127.0.0.1:83')
    assert.equal(config.nginxUrl, 'http://127.0.0.1:84')
  })

  test('unless they are set; a slash at their end is removed', () => {
    const config = readConfig({
      ...{ PUBLIC_URL: 'https://tv.example/', RTMP_URL: 'rtmps://tv.example:443/live/', HTTP_PORT: '81' },
      ...{ NGINX_URL: 'http://nginx:8090/', CONTROL_URL: 'http://control:3000' },
    })
    assert.equal(config.publicUrl, 'https://tv.example')
    assert.equal(config.rtmpUrl, 'rtmps://tv.example:443/live')
    assert.equal(config.nginxUrl, 'http://nginx:8090')
    assert.equal(config.controlUrl, 'http://control:3000')
  })
})

test('seconds and days may be fractions, and lists may have white space around their items', () => {
  const config = readConfig({
    ...{ STREAM_KEY_TTL: '1.5', RECONNECT_WINDOW: '0.25', EVENT_RETENTION: '0.5', CREATE_RATE_LIMIT: '0' },
    ...{
      API_TOKENS: ` ${TOKENS[0]} , ${TOKENS[1]},,`,
      CREATE_TOKENS: CREATE_TOKEN,
      CORS_ORIGINS: 'https://a.example, http://localhost:5173',
    },
  })
  assert.deepEqual([config.streamKeyTtlMs, config.reconnectWindowMs, config.createRateLimit], [1_500, 250, 0])
  assert.equal(config.eventRetentionMs, 12 * 60 * 60 * 1_000)
  assert.deepEqual(
    config.apiTokens.map((token) => token.reveal()),
    TOKENS,
  )
  assert.deepEqual(
    config.createTokens.map((token) => token.reveal()),
    [CREATE_TOKEN],
  )
  assert.deepEqual(config.corsOrigins, ['https://a.example', 'http://localhost:5173'])
})

describe('settings are refused', () => {
  const wrong: [name: string, values: string[]][] = [
    ['PUBLIC_URL', ['tv.example', 'ftp://x', '/path']],
    ['RTMP_URL', ['http://x/live', 'localhost']],
    [
      'DATABASE_URL',
      [
        'postgres://u@h/db',
        'mysql://u@h',
        'mysql://u@h/',
        'h/db',
        'mysql://u:%zz@h/db',
        'mysql://u:%ff@h/db',
        'mysql://h:99999/db',
      ],
    ],
    ['HTTP_PORT', ['0', '65536', '80.5', 'http', '-1']],
    ['RTMP_PORT', ['x']],
    ['API_PORT', ['x']],
    ['HOOKS_PORT', ['x']],
    ['INTERNAL_HTTP_PORT', ['x']],
    ['INTERNAL_RTMP_PORT', ['x']],
    ['INTERNAL_HOSTS', ['http://a', 'a:80', '*']],
    ['LISTEN_ADDRESS', ['localhost', '1.2.3']],
    ['NGINX_URL', ['nginx:8090']],
    ['CONTROL_URL', ['unix:/x']],
    ['STREAM_KEY_TTL', ['0', '-1', 'ten', '9999999999']],
    ['RECONNECT_WINDOW', ['0', '1m', 'NaN']],
    ['STREAM_CREATION', ['closed', 'Open']],
    ['CREATE_RATE_LIMIT', ['-1', '1.5', 'many']],
    ['MAX_READERS_PER_ADDRESS', ['-1', '1.5', 'many']],
    ['TRUSTED_PROXIES', ['caddy.local', '10.0.0.0/33', '10.0.0.1,10.0.0', '2001:db8::/129']],
    ['MAX_PUBLISHERS', ['-1', '1.5', 'many']],
    ['MAX_PUBLISHERS_PER_ADDRESS', ['-1', '1.5', 'many']],
    ['MAX_BITRATE', ['-1', '6000.5', '6M']],
    ['MAX_DURATION', ['-1', '1h', '9999999999']],
    ['HLS_MIN_FREE_BYTES', ['-1', '500M']],
    ['EVENT_RETENTION', ['0', 'x']],
    ['STREAM_RETENTION', ['-1', 'x']],
    ['RECORDINGS_MAX_AGE', ['0', 'a week']],
    ['RECORDINGS_MAX_BYTES', ['-1', '1.5', '50G']],
    ['RECORDINGS_MIN_FREE_BYTES', ['-1', '1G']],
    ['RECORDINGS_PATIENCE', ['0', 'x']],
    ['S3_BUCKET', ['x', 'A_b', 'https://x']],
    ['S3_ENDPOINT', ['minio:9000']],
    ['S3_PUBLIC_URL', ['cdn.example']],
    ['CORS_ORIGINS', ['example.com', 'https://a.example/', 'https://a.example/path']],
    ['LOG_LEVEL', ['loud', 'INFO']],
    ['NODE_ID', ['a b', 'x'.repeat(65), 'é']],
  ]
  for (const [name, values] of wrong) {
    test(`when ${name} is wrong, by its name`, () => {
      for (const value of values) {
        const found = problems({ [name]: value })
        assert.ok(
          found.some((line) => line.startsWith(`${name}: `)),
          `${name}=${value}: ${found.join(' | ') || 'accepted'}`,
        )
      }
    })
  }

  test('all wrong ones in one message, each once', () => {
    const found = problems({ HTTP_PORT: 'x', STREAM_KEY_TTL: '0', LOG_LEVEL: 'loud', NODE_ID: 'a b' })
    assert.deepEqual(found.map((line) => line.split(':')[0]).sort(), [
      'HTTP_PORT',
      'LOG_LEVEL',
      'NODE_ID',
      'STREAM_KEY_TTL',
    ])
  })

  test('without printing the values of secrets', () => {
    for (const url of [
      'mysql://root:hunter2@h',
      'postgres://root:hunter2@h/db',
      'mysql://root:hunter2%zz@h/db',
    ]) {
      assert.ok(
        !problems({ DATABASE_URL: url, API_TOKENS: 'hunter2', CREATE_TOKENS: 'hunter2', LOG_LEVEL: 'x' })
          .join()
          .includes('hunter2'),
        url,
      )
    }
  })

  test('when two servers would share a port', () => {
    const found = problems({ HTTP_PORT: '3000', HOOKS_PORT: '1935' })
    assert.deepEqual(
      found.map((line) => line.split(':')[0]),
      ['API_PORT', 'HOOKS_PORT'],
    )
  })
})

test('secrets are not printed with the settings', () => {
  const config = readConfig({ DATABASE_URL: 'mysql://root:hunter2@h/db', API_TOKENS: 'hunter2'.repeat(4) })
  assert.ok(!inspect(config, { depth: 9, showHidden: true }).includes('hunter2'))
  assert.ok(!JSON.stringify(config).includes('hunter2'))
  assert.equal(config.databaseUrl?.reveal(), 'mysql://root:hunter2@h/db')
})
