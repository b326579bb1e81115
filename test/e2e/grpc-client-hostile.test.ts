import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { gzipSync } from 'node:zlib'
import type { ClientOptions } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CallOptions, callPlain, type GrpcPair, grpcPair, type Kind, type Seen } from '../support/grpc-pair.ts'
import { type Http2Upstream, startHttp2Upstream } from '../support/http2-upstream.ts'

const GRPC = { ':status': 200, 'content-type': 'application/grpc' } as const

function frame(bytes: Buffer | string, compressed = 0): Buffer {
  const message = Buffer.from(bytes as string)
  const prefix = Buffer.alloc(5)
  prefix[0] = compressed
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

type Answer = (stream: ServerHttp2Stream, session: ServerHttp2Session) => void

/** Answers with these bytes and, where they are given, trailers. */
function says(
  pieces: readonly (Buffer | string)[],
  trailers: Record<string, string | string[]> | undefined,
  headers: Record<string, string | number | string[]> = GRPC,
): Answer {
  return (stream) => {
    stream.respond(headers, { waitForTrailers: trailers !== undefined })
    if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    for (const piece of pieces) stream.write(piece)
    stream.end()
  }
}

const onlyHeaders =
  (headers: Record<string, string | number | string[]>): Answer =>
  (stream) =>
    stream.respond(headers, { endStream: true })

const resets =
  (code: number): Answer =>
  (stream) =>
    stream.close(code)

const resetsLate =
  (code: number): Answer =>
  (stream) => {
    stream.respond(GRPC)
    stream.write(frame('first'))
    setTimeout(() => stream.close(code), 20)
  }

const OK = { 'grpc-status': '0' }
const PAGE = `<html>${'x'.repeat(2_000)}</html>`

interface Case {
  readonly answer: Answer
  readonly kind?: Kind
  readonly options?: ClientOptions
  readonly call?: CallOptions
}

function manyNames(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-name-${index}`, 'value']))
}

/** What servers do that are broken, hostile, or no servers of gRPC. */
const CASES: Readonly<Record<string, Case>> = {
  'a plain answer': { answer: says([frame('hello')], OK) },
  'no message but OK': { answer: says([], OK) },
  'no message but OK, to a stream': { answer: says([], OK), kind: 'serverStream' },
  'two messages to a unary call': { answer: says([frame('one'), frame('two')], OK), call: { deadline: 0 } },
  'an empty message': { answer: says([frame('')], OK) },
  'a message cut into single bytes': {
    answer: says(
      [...frame('in pieces')].map((byte) => Buffer.from([byte])),
      OK,
    ),
  },
  'messages cut across their prefixes': {
    answer: says(
      [
        Buffer.concat([frame('one'), frame('two').subarray(0, 3)]),
        Buffer.concat([frame('two').subarray(3), frame(''), frame('three')]),
      ],
      OK,
    ),
    kind: 'serverStream',
  },
  'a truncated frame with OK': { answer: says([frame('hello').subarray(0, 7)], OK) },
  'a truncated frame with OK, to a stream': {
    answer: says([frame('one'), frame('hello').subarray(0, 7)], OK),
    kind: 'serverStream',
  },
  'a truncated prefix': { answer: says([Buffer.from([0, 0])], OK), kind: 'serverStream' },
  'a failure after messages': {
    answer: says([frame('one')], { 'grpc-status': '9', 'grpc-message': 'not now' }),
    kind: 'serverStream',
  },
  'trailers only': {
    answer: onlyHeaders({ ...GRPC, 'grpc-status': '5', 'grpc-message': 'nothing here', 'x-more': 'yes' }),
  },
  'trailers only, to a stream': {
    answer: onlyHeaders({ ...GRPC, 'grpc-status': '7', 'grpc-message': 'keep out' }),
    kind: 'bidi',
  },
  'trailers only and OK': { answer: onlyHeaders({ ...GRPC, 'grpc-status': '0' }), kind: 'serverStream' },
  'a message with percents': {
    answer: onlyHeaders({ ...GRPC, 'grpc-status': '2', 'grpc-message': 'caf%C3%A9 100%25 %zz' }),
  },
  'a message with well formed percents': {
    answer: onlyHeaders({ ...GRPC, 'grpc-status': '2', 'grpc-message': 'caf%C3%A9 a%2Fb %0A' }),
  },
  'details in binary': {
    answer: says([], { 'grpc-status': '3', 'grpc-status-details-bin': Buffer.from('detail').toString('base64') }),
  },
  'binary without padding': { answer: says([frame('x')], { ...OK, 'x-one-bin': 'AAE', 'x-two-bin': 'AAE=, AAEC' }) },
  'a status that is no number': { answer: says([], { 'grpc-status': 'fine' }) },
  'a status that nobody knows': { answer: says([], { 'grpc-status': '99', 'grpc-message': 'odd' }) },
  'trailers without a status': { answer: says([frame('x')], { 'x-more': 'yes' }) },
  'no trailers': { answer: says([frame('x')], undefined) },
  'no trailers, to a stream': { answer: says([frame('x')], undefined), kind: 'serverStream' },
  'another content type': { answer: says([frame('x')], OK, { ':status': 200, 'content-type': 'text/html' }) },
  'HTTP 503 with a page': { answer: says([PAGE], undefined, { ':status': 503, 'content-type': 'text/html' }) },
  'HTTP 404 with a page, to a stream': { answer: says([PAGE], undefined, { ':status': 404 }), kind: 'serverStream' },
  'HTTP 200 with a page': { answer: says([PAGE], undefined, { ':status': 200 }) },
  'HTTP 503 with an empty body': { answer: says([], undefined, { ':status': 503 }) },
  'HTTP 200 and nothing else': { answer: onlyHeaders(GRPC) },
  'HTTP 200 and an empty body': { answer: says([], undefined) },
  'HTTP 401 without a body': { answer: onlyHeaders({ ':status': 401, 'x-why': 'who' }) },
  'HTTP 403 with a short body': { answer: says(['no'], undefined, { ':status': 403 }) },
  'HTTP 429 with trailers': { answer: says([], { 'x-more': 'yes' }, { ':status': 429 }) },
  'HTTP 503 with a status': { answer: onlyHeaders({ ':status': 503, 'grpc-status': '8', 'grpc-message': 'busy' }) },
  'HTTP 500 with messages and a status': { answer: says([frame('x')], { 'grpc-status': '0' }, { ':status': 500 }) },
  'RST_STREAM INTERNAL_ERROR': { answer: resets(constants.NGHTTP2_INTERNAL_ERROR) },
  'RST_STREAM CANCEL': { answer: resets(constants.NGHTTP2_CANCEL) },
  'RST_STREAM REFUSED_STREAM': { answer: resets(constants.NGHTTP2_REFUSED_STREAM) },
  'RST_STREAM ENHANCE_YOUR_CALM': { answer: resets(constants.NGHTTP2_ENHANCE_YOUR_CALM) },
  'RST_STREAM INADEQUATE_SECURITY': { answer: resets(constants.NGHTTP2_INADEQUATE_SECURITY) },
  'RST_STREAM PROTOCOL_ERROR': { answer: resets(constants.NGHTTP2_PROTOCOL_ERROR) },
  'RST_STREAM FLOW_CONTROL_ERROR after a message': {
    answer: resetsLate(constants.NGHTTP2_FLOW_CONTROL_ERROR),
    kind: 'serverStream',
  },
  'RST_STREAM INTERNAL_ERROR after the headers of an error': {
    answer: (stream) => {
      stream.respond({ ...GRPC, ':status': 503 })
      setTimeout(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR), 20)
    },
    kind: 'bidi',
  },
  'RST_STREAM CANCEL after a message': { answer: resetsLate(constants.NGHTTP2_CANCEL), kind: 'bidi' },
  'RST_STREAM INTERNAL_ERROR after a message': {
    answer: resetsLate(constants.NGHTTP2_INTERNAL_ERROR),
    kind: 'serverStream',
  },
  'RST_STREAM ENHANCE_YOUR_CALM after a message': {
    answer: resetsLate(constants.NGHTTP2_ENHANCE_YOUR_CALM),
    kind: 'serverStream',
  },
  'a message over the limit': {
    answer: says([frame(Buffer.alloc(200))], OK),
    options: { 'grpc.max_receive_message_length': 100 },
  },
  'a message over the limit, to a stream': {
    answer: says([frame('short'), frame(Buffer.alloc(200))], OK),
    options: { 'grpc.max_receive_message_length': 100 },
    kind: 'serverStream',
  },
  'a message as long as the limit': {
    answer: says([frame(Buffer.alloc(100, 'y'))], OK),
    options: { 'grpc.max_receive_message_length': 100 },
  },
  'a message of 4 GiB': { answer: says([Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3])], OK) },
  'a gzip message': { answer: says([frame(gzipSync('unpacked'), 1)], OK, { ...GRPC, 'grpc-encoding': 'gzip' }) },
  'gzip messages between others': {
    answer: says([frame(gzipSync('one'), 1), frame('two'), frame(gzipSync('three'), 1), frame('four')], OK, {
      ...GRPC,
      'grpc-encoding': 'gzip',
    }),
    kind: 'serverStream',
  },
  'garbage that says it is gzip': { answer: says([frame('garbage', 1)], OK, { ...GRPC, 'grpc-encoding': 'gzip' }) },
  'garbage that says it is gzip, to a stream': {
    answer: says([frame(gzipSync('one'), 1), frame('garbage', 1), frame(gzipSync('three'), 1)], OK, {
      ...GRPC,
      'grpc-encoding': 'gzip',
    }),
    kind: 'serverStream',
  },
  'gzip that is cut off': {
    answer: says([frame(gzipSync('unpacked').subarray(0, 15), 1)], OK, { ...GRPC, 'grpc-encoding': 'gzip' }),
  },
  'garbage that says it is deflate': {
    answer: says([frame('garbage', 1)], OK, { ...GRPC, 'grpc-encoding': 'deflate' }),
  },
  'a bomb': {
    answer: says([frame(gzipSync(Buffer.alloc(5 * 1024 * 1024)), 1)], OK, { ...GRPC, 'grpc-encoding': 'gzip' }),
  },
  'headers of 100 KB': { answer: says([frame('x')], OK, { ...GRPC, 'x-long': 'l'.repeat(100_000) }) },
  'trailers of 100 KB': { answer: says([frame('x')], { ...OK, 'x-long': 'l'.repeat(100_000) }) },
  'headers of 300 names': { answer: says([frame('x')], OK, { ...GRPC, ...manyNames(300) }) },
  'headers of 100 names': { answer: says([frame('x')], OK, { ...GRPC, ...manyNames(100) }) },
  'an answer before the request is over': {
    answer: says([frame('early')], OK),
    kind: 'bidi',
    call: { leaveOpen: true },
  },
  'a failure before the request is over': {
    answer: onlyHeaders({ ...GRPC, 'grpc-status': '8', 'grpc-message': 'enough' }),
    kind: 'clientStream',
    call: { leaveOpen: true },
  },
  'silence until the deadline': { answer: () => undefined, call: { deadline: 0 } },
}

/** Words of a deadline tell how long it took, and those of the mesh why a call failed in it. */
function comparable({ trailers, ...seen }: Seen): object {
  const { 'x-weft-error': code, 'x-weft-response-flags': flags, ...others } = trailers
  if (seen.code !== 4) return { ...seen, trailers: others }
  const { peer: _peer, ...known } = seen
  return { ...known, details: 'in time' }
}

describe('what a client of the mesh makes of a server is what grpc-js makes of it', () => {
  let upstream: Http2Upstream
  let pair: GrpcPair
  let answer: Answer = () => undefined
  beforeAll(async () => {
    upstream = await startHttp2Upstream((stream) => answer(stream, stream.session as ServerHttp2Session))
    pair = grpcPair(upstream.endpoint.port, () => upstream[Symbol.asyncDispose]())
  })
  afterAll(() => pair[Symbol.asyncDispose]())

  test.each(Object.entries(CASES))('%s', async (_name, { answer: given, kind = 'unary', options, call = {} }) => {
    answer = given
    const { bare, mesh } = pair.clients(options)
    const within = (): CallOptions => ({ ...call, ...(call.deadline !== undefined && { deadline: Date.now() + 150 }) })
    const expected = await callPlain(bare, kind, within())
    const seen = await callPlain(mesh, kind, within())
    expect(comparable(seen)).toEqual(comparable(expected))
  })
})
