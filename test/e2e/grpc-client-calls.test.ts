import * as grpc from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  asIs,
  type CallOptions,
  callPlain,
  type GrpcPair,
  grpcPair,
  type Kind,
  PLAIN_SERVICE,
  type PlainHandlers,
  type Seen,
  startPlainServer,
} from '../support/grpc-pair.ts'
import { poll } from '../support/poll.ts'

const { compressionAlgorithms, credentials: makers, Metadata, status } = grpc

/** What only the mesh sends, and what differs from call to call. */
const NOT_COMPARED = /^(?:x-weft-|x-envoy-|grpc-timeout$|grpc-previous)/

/** Set by what a server sees of its calls. */
const cancelled: string[] = []

/** Tells what it was sent. */
const HANDLERS: PlainHandlers = {
  unary(call, done) {
    const wanted = call.metadata.get('want')[0]
    if (wanted === 'silence') {
      call.on('cancelled', () => cancelled.push('unary'))
      return
    }
    if (wanted === 'deadline') {
      const deadline = call.getDeadline()
      const left = Number(deadline) - Date.now()
      done(null, Buffer.from(Number.isFinite(left) ? `${Math.ceil(left / 1000)} s` : 'none'))
    } else if (wanted === 'host') done(null, Buffer.from(call.getHost()))
    else if (wanted === 'echo') done(null, call.request)
    else if (wanted === 'size') done(null, Buffer.from(String(call.request.length)))
    else if (wanted === 'many') done(null, Buffer.alloc(Number(call.metadata.get('bytes')[0]), 'm'))
    else if (wanted === 'details') done({ code: 9, details: 'ü 100% \n/?# ok' })
    else done(null, Buffer.from(seenMetadata(call.metadata)))
  },
  clientStream(call, done) {
    const sizes: number[] = []
    call.on('cancelled', () => cancelled.push('clientStream'))
    call.on('data', (message: Buffer) => sizes.push(message.length))
    call.on('end', () => done(null, Buffer.from(sizes.join())))
  },
  serverStream(call) {
    const times = Number(call.metadata.get('times')[0] ?? 3)
    call.on('cancelled', () => cancelled.push('serverStream'))
    for (let index = 0; index < times; index++) call.write(call.request)
    if (call.metadata.get('want')[0] !== 'silence') call.end()
  },
  bidi(call) {
    call.on('cancelled', () => cancelled.push('bidi'))
    call.on('data', (message: Buffer) => call.write(message))
    call.on('end', () => call.end())
  },
}

function seenMetadata(metadata: grpc.Metadata): string {
  const entries = Object.entries(metadata.toJSON()).filter(([name]) => !NOT_COMPARED.test(name))
  return JSON.stringify(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
}

function metadataOf(entries: Readonly<Record<string, string | Buffer | readonly (string | Buffer)[]>>): grpc.Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(entries)) {
    for (const item of Array.isArray(value) ? value : [value]) metadata.add(name, item as string)
  }
  return metadata
}

const wanting = (want: string, more: Record<string, string> = {}): grpc.Metadata => metadataOf({ want, ...more })

interface Case extends CallOptions {
  readonly kind?: Kind
  readonly client?: grpc.ClientOptions
}

/** The same for both clients. A deadline is counted from the start of its call. */
const CASES: Readonly<Record<string, Case>> = {
  'metadata of every sort': {
    metadata: metadataOf({
      'x-one': 'a',
      'x-several': ['b', 'c', 'd, e'],
      'x-empty': '',
      'x-spaces': ' f ',
      'x-one-bin': Buffer.from([0, 1, 2, 255]),
      'x-several-bin': [Buffer.from('g'), Buffer.from('hi'), Buffer.alloc(0)],
      'UPPER-Case': 'j',
    }),
  },
  'metadata that the transport says itself': {
    metadata: metadataOf({
      te: 'gzip',
      'content-type': 'text/plain',
      'user-agent': 'me',
      'grpc-accept-encoding': 'snappy',
      'accept-encoding': 'br',
      'grpc-encoding': 'snappy',
    }),
  },
  'two values of what there may be one of': { metadata: metadataOf({ referer: ['a', 'b'] }) },
  'a user agent': { client: { 'grpc.primary_user_agent': 'first/1', 'grpc.secondary_user_agent': 'last/2' } },
  'an authority of the channel': { metadata: wanting('host'), client: { 'grpc.default_authority': 'other:123' } },
  'an authority of the call': { metadata: wanting('host'), host: 'third.example' },
  'a deadline that is far': { metadata: wanting('deadline'), deadline: 100_000 },
  'no deadline': { metadata: wanting('deadline') },
  'a deadline that passes': { metadata: wanting('silence'), deadline: 150 },
  'a deadline that passes beside a timeout in metadata': {
    metadata: wanting('silence', { 'grpc-timeout': '30S' }),
    deadline: 150,
  },
  'a timeout in metadata beside a deadline that is far': {
    metadata: wanting('deadline', { 'grpc-timeout': '30S' }),
    deadline: 100_000,
  },
  'a timeout in metadata alone': { metadata: wanting('deadline', { 'grpc-timeout': '30S' }) },
  'a deadline that has passed': { deadline: -1_000 },
  'a deadline of a stream that passes': { kind: 'bidi', leaveOpen: true, deadline: 150 },
  'a deadline between messages': { kind: 'serverStream', metadata: wanting('silence'), deadline: 400 },
  'details with percents and more than ASCII': { metadata: wanting('details') },
  'a method that is not there': {},
  'messages of no bytes': { kind: 'bidi', messages: ['', 'x', ''] },
  'a message of 3 MB': { messages: [Buffer.alloc(3_000_000, 'a')], metadata: wanting('size') },
  'an answer of 3 MB': { metadata: wanting('many', { bytes: '3000000' }) },
  'an answer over 4 MiB': { metadata: wanting('many', { bytes: String(4 * 1024 * 1024 + 1) }) },
  'an answer of 5 MB where that is taken': {
    metadata: wanting('many', { bytes: '5000000' }),
    client: { 'grpc.max_receive_message_length': -1 },
  },
  'a message over the limit': { messages: [Buffer.alloc(101)], client: { 'grpc.max_send_message_length': 100 } },
  'a message as long as the limit': { messages: [Buffer.alloc(100)], client: { 'grpc.max_send_message_length': 100 } },
  'a later message over the limit': {
    kind: 'clientStream',
    messages: ['short', Buffer.alloc(101)],
    client: { 'grpc.max_send_message_length': 100 },
  },
  'many messages both ways': { kind: 'bidi', messages: Array.from({ length: 300 }, (_, index) => `message ${index}`) },
  'many large messages': { kind: 'bidi', messages: Array.from({ length: 30 }, () => Buffer.alloc(100_000, 'l')) },
  gzip: {
    messages: [Buffer.alloc(10_000, 'z')],
    metadata: wanting('size'),
    client: { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip },
  },
  'gzip, as the server sees it': { client: { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip } },
  deflate: {
    kind: 'bidi',
    messages: ['one', Buffer.alloc(10_000, 'z'), '', 'four'],
    client: { 'grpc.default_compression_algorithm': compressionAlgorithms.deflate },
  },
  'gzip over the limit of what is sent': {
    messages: [Buffer.alloc(10_000, 'z')],
    client: { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip, 'grpc.max_send_message_length': 1_000 },
  },
  'cancelled by the caller': {
    metadata: wanting('silence'),
    begun: (call) => void setTimeout(() => call.cancel(), 40),
  },
  'cancelled at once': { begun: (call) => call.cancel() },
  'a stream cancelled at once': { kind: 'bidi', leaveOpen: true, begun: (call) => call.cancel() },
  'a stream cancelled at a message': { kind: 'bidi', leaveOpen: true, onMessage: (_message, call) => call.cancel() },
  'an upload cancelled': {
    kind: 'clientStream',
    leaveOpen: true,
    begun: (call) => void setTimeout(() => call.cancel(), 40),
  },
  'credentials of the call': { credentials: callCredentials({ authorization: 'Bearer 1', 'x-by': 'call' }) },
  'credentials that take their time': { credentials: callCredentials({ authorization: 'Bearer 2' }, 30) },
  'credentials beside metadata': {
    metadata: metadataOf({ 'x-by': 'caller' }),
    credentials: callCredentials({ 'x-by': 'credentials' }),
  },
  'credentials for a second authorization': {
    metadata: metadataOf({ authorization: 'mine' }),
    credentials: callCredentials({ authorization: 'Bearer 3' }),
  },
  'credentials that fail': { credentials: failingCredentials(new Error('no token')) },
  'credentials that fail with a status': {
    credentials: failingCredentials(Object.assign(new Error('no'), { code: 16 })),
  },
  'credentials that fail with a status of the server': {
    credentials: failingCredentials(Object.assign(new Error('no'), { code: 5 })),
  },
  'credentials for a stream': { kind: 'bidi', credentials: callCredentials({ authorization: 'Bearer 4' }, 10) },
  'a deadline while credentials are made': {
    deadline: 40,
    credentials: callCredentials({ authorization: 'late' }, 200),
  },
}

function callCredentials(entries: Record<string, string>, afterMs?: number): grpc.CallCredentials {
  return makers.createFromMetadataGenerator(({ service_url }, done) => {
    const made = metadataOf({ ...entries, 'x-audience': service_url })
    if (afterMs === undefined) done(null, made)
    else setTimeout(() => done(null, made), afterMs)
  })
}

function failingCredentials(error: Error): grpc.CallCredentials {
  return makers.createFromMetadataGenerator((_options, done) => done(error))
}

function comparable({ trailers, peer, ...seen }: Seen): object {
  const { 'x-weft-error': code, 'x-weft-response-flags': flags, 'content-type': type, ...others } = trailers
  if (seen.code === status.DEADLINE_EXCEEDED) return { ...seen, details: 'in time', trailers: others }
  // Of a call that nobody has answered grpc-js may have more to tell, because it connects first.
  return Object.keys(seen.metadata).length === 0 ? { ...seen, trailers: others } : { ...seen, trailers: others, peer }
}

describe('a call of a client of the mesh goes and ends as one of grpc-js', () => {
  let pair: GrpcPair
  beforeAll(async () => {
    const { server, port } = await startPlainServer(HANDLERS, { 'grpc.max_receive_message_length': -1 })
    pair = grpcPair(port, () => server.forceShutdown())
  })
  afterAll(() => pair[Symbol.asyncDispose]())

  test.each(Object.entries(CASES))('%s', async (name, { kind = 'unary', client, deadline, ...options }) => {
    const clients = pair.clients(client)
    const path = name === 'a method that is not there' ? '/test.Plain/Nothing' : undefined
    const make = (from: grpc.Client): Promise<Seen> =>
      callPlain(
        from,
        kind,
        { ...options, ...(deadline !== undefined && { deadline: Date.now() + Number(deadline) }) },
        path,
      )
    const expected = await make(clients.bare)
    expect(comparable(await make(clients.mesh))).toEqual(comparable(expected))
    // The second call knows what the server can decompress.
    expect(comparable(await make(clients.mesh))).toEqual(comparable(await make(clients.bare)))
  })

  test.each([new Date(Number.NaN), Number.NaN, 0, Number.NEGATIVE_INFINITY])(
    'a deadline of %s is over',
    async (deadline) => {
      const { bare, mesh } = pair.clients()
      const options = { metadata: wanting('silence'), deadline }
      const seen = await callPlain(mesh, 'unary', options)
      expect(seen).toMatchObject({ code: status.DEADLINE_EXCEEDED })
      // Of one that is no time, grpc-js also leaves a rejected promise behind that nobody handles.
      if (Number.isNaN(Number(deadline))) return
      expect((await callPlain(bare, 'unary', options)).code).toBe(seen.code)
    },
  )

  test('a deadline that is very far is none', async () => {
    const { mesh } = pair.clients()
    for (const years of [0.1, 100, 10_000]) {
      const seen = await callPlain(mesh, 'unary', { deadline: Date.now() + years * 3.15e10 })
      expect(seen).toMatchObject({ code: status.OK })
    }
  })

  test('a deadline may be a Date', async () => {
    const { mesh } = pair.clients()
    const seen = await callPlain(mesh, 'unary', {
      metadata: wanting('deadline'),
      deadline: new Date(Date.now() + 9_500),
    })
    expect(seen).toMatchObject({ code: 0, messages: ['10 s'] })
  })

  test.each(['unary', 'clientStream', 'serverStream', 'bidi'] as const)(
    'the server hears that a %s call is cancelled',
    async (kind) => {
      const { mesh } = pair.clients()
      cancelled.length = 0
      const seen = await callPlain(mesh, kind, {
        metadata: wanting('silence'),
        leaveOpen: true,
        begun: (call) => void setTimeout(() => call.cancel(), 40),
      })
      expect(seen).toMatchObject({ code: status.CANCELLED, details: 'Cancelled on client' })
      await poll(() => cancelled.includes(kind), 'the server to hear of it')
    },
  )

  test('a message may ask not to be compressed', async () => {
    const { mesh } = pair.clients({ 'grpc.default_compression_algorithm': compressionAlgorithms.gzip })
    const answer = new Promise<Buffer | undefined>((resolve, reject) => {
      const call = mesh.makeClientStreamRequest(PLAIN_SERVICE.clientStream.path, asIs, asIs, (error, value) =>
        error === null ? resolve(value) : reject(error),
      )
      call.write(Buffer.alloc(1_000), 'utf8')
      call.write(Buffer.alloc(10), 2 as unknown as string)
      call.write(Buffer.alloc(2_000))
      call.end()
    })
    expect(String(await answer)).toBe('1000,10,2000')
  })

  test('credentials may be combined with those of the channel, and with those of a call', async () => {
    const { harness } = pair
    const combined = makers.combineChannelCredentials(
      harness.credentials,
      callCredentials({ 'x-channel': '1' }),
      callCredentials({ 'x-channel': '2' }),
    )
    const client = harness.client({}, undefined, combined)
    const seen = await callPlain(client, 'unary', { credentials: callCredentials({ 'x-call': '3' }) })
    const entries = Object.fromEntries(JSON.parse(seen.messages[0] ?? '[]'))
    expect(entries['x-call']).toEqual(['3'])
    expect(entries['x-channel']).toEqual(['1, 2'])
    expect(entries['x-audience']).toEqual([Array(3).fill('https://reviews/test.Plain').join(', ')])
  })

  test('interceptors may take their time and change what passes', async () => {
    const { bare, mesh } = pair.clients({
      interceptors: [
        (options, next) =>
          new grpc.InterceptingCall(next(options), {
            start(metadata, _listener, go) {
              setTimeout(() => {
                metadata.set('x-intercepted', 'yes')
                go(metadata, {
                  onReceiveMessage: (message: Buffer, on) => void setTimeout(() => on(Buffer.from(`${message}!`)), 5),
                })
              }, 5)
            },
            halfClose: (go) => void setTimeout(go, 10),
          }),
      ],
    })
    const options = { metadata: wanting('echo'), messages: ['hello'] }
    const seen = await callPlain(mesh, 'unary', options)
    expect(comparable(seen)).toEqual(comparable(await callPlain(bare, 'unary', options)))
    expect(seen.messages).toEqual(['hello!'])
  })

  test('a listener that throws fails the process and not the mesh', async () => {
    const { mesh } = pair.clients()
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const thrown = new Promise((resolve) => process.once('uncaughtException', resolve))
    try {
      const call = mesh.makeServerStreamRequest(PLAIN_SERVICE.serverStream.path, asIs, asIs, Buffer.from('x'))
      call.on('data', () => {
        throw new Error('of the application')
      })
      call.on('error', () => undefined)
      expect(await thrown).toMatchObject({ message: 'of the application' })
    } finally {
      for (const listener of before) process.on('uncaughtException', listener)
    }
    expect(await callPlain(mesh, 'unary')).toMatchObject({ code: 0 })
  })
})
