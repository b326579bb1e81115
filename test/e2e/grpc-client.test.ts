import * as grpc from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callPlain, type GrpcPair, grpcPair, type PlainHandlers, startPlainServer } from '../support/grpc-pair.ts'

/** Does what its callers' metadata asks for. */
const HANDLERS: PlainHandlers = {
  unary(call, done) {
    answer(call, done, call.request)
  },
  clientStream(call, done) {
    const received: Buffer[] = []
    call.on('data', (message: Buffer) => received.push(message))
    call.on('end', () => answer(call, done, Buffer.concat(received)))
  },
  serverStream(call) {
    for (let index = 0; index < Number(call.metadata.get('x-times')[0] ?? 3); index++) {
      call.write(Buffer.concat([call.request, Buffer.from(` ${index}`)]))
    }
    endStream(call)
  },
  bidi(call) {
    call.on('data', (message: Buffer) => call.write(Buffer.concat([Buffer.from('echo '), message])))
    call.on('end', () => endStream(call))
  },
}

type ServerCall = { readonly metadata: grpc.Metadata; sendMetadata(metadata: grpc.Metadata): void }

function answer(call: ServerCall, done: grpc.sendUnaryData<Buffer>, bytes: Buffer): void {
  greet(call)
  const failure = failureOf(call)
  if (failure === undefined) done(null, bytes, trailersOf(call))
  else done(failure)
}

function endStream(
  call: ServerCall & { end(trailers?: grpc.Metadata): void; emit(event: string, error: Error): unknown },
): void {
  const failure = failureOf(call)
  if (failure === undefined) call.end(trailersOf(call))
  else call.emit('error', failure as unknown as Error)
}

function greet(call: ServerCall): void {
  const metadata = new grpc.Metadata()
  for (const [name, values] of Object.entries(call.metadata.toJSON())) {
    if (/^x-(?!weft-|envoy-)/.test(name)) for (const value of values as string[]) metadata.add(`echo-${name}`, value)
  }
  call.sendMetadata(metadata)
}

function trailersOf(call: ServerCall): grpc.Metadata {
  const trailers = new grpc.Metadata()
  trailers.set('x-trailer', 'told')
  trailers.add('x-several', 'one')
  trailers.add('x-several', 'two')
  trailers.set('x-raw-bin', Buffer.from([0, 255, 1, 254]))
  trailers.set('x-times', String(call.metadata.get('x-times')[0] ?? ''))
  return trailers
}

function failureOf(call: ServerCall): Partial<grpc.StatusObject> | undefined {
  const code = call.metadata.get('x-code')[0]
  if (code === undefined) return undefined
  return { code: Number(code), details: String(call.metadata.get('x-details')[0] ?? 'no'), metadata: trailersOf(call) }
}

const KINDS = ['unary', 'clientStream', 'serverStream', 'bidi'] as const

function metadataOf(entries: Readonly<Record<string, string | Buffer | readonly string[]>>): grpc.Metadata {
  const metadata = new grpc.Metadata()
  for (const [name, value] of Object.entries(entries)) {
    if (Array.isArray(value)) for (const item of value) metadata.add(name, item)
    else metadata.set(name, value as string | Buffer)
  }
  return metadata
}

describe('a client of the mesh sees of a server what a client of grpc-js sees', () => {
  let pair: GrpcPair
  beforeAll(async () => {
    const { server, port } = await startPlainServer(HANDLERS)
    pair = grpcPair(port, () => server.forceShutdown())
  })
  afterAll(() => pair[Symbol.asyncDispose]())

  test.each(KINDS)('of a %s call that is well', async (kind) => {
    const { bare, mesh } = pair.clients()
    const options = { messages: ['one', 'two', 'three'], metadata: metadataOf({ 'x-times': '5' }) }
    const seen = await callPlain(mesh, kind, options)
    expect(seen).toEqual(await callPlain(bare, kind, options))
    expect(seen).toMatchObject({ code: 0 })
    expect(seen.messages.length).toBeGreaterThan(0)
  })

  test.each(KINDS.flatMap((kind) => [1, 3, 5, 7, 13, 14, 16].map((code) => [kind, code] as const)))(
    'of a %s call that fails with %d',
    async (kind, code) => {
      const { bare, mesh } = pair.clients()
      const options = { metadata: metadataOf({ 'x-code': String(code), 'x-details': 'it is so' }) }
      const seen = await callPlain(mesh, kind, options)
      expect(seen).toEqual(await callPlain(bare, kind, options))
      expect(seen).toMatchObject({ code, details: 'it is so' })
    },
  )
})
