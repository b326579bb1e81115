import { SpanKind } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'
import { startProcess, type TestProcess } from '../support/process.ts'
import type { Asked } from './fixtures/grpc-traced-app.ts'

/*
 * Calls of gRPC between two processes that have OpenTelemetry's own instrumentation of grpc-js, loaded in each way there is: whoever
 * makes them, each call has one CLIENT and one SERVER span.
 */

interface PrintedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parent?: string
  readonly scope: string
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly string[]
}

interface Called {
  readonly code: number
  /** What the server got. */
  readonly trace: string
  /** Of one trace. */
  readonly spans: readonly PrintedSpan[]
}

const THEIRS = '@opentelemetry/instrumentation-grpc'
const OURS = '@weft/mesh-client'
const FIXTURES = './test/e2e/fixtures'
const KINDS = ['Hello', 'Collect', 'Count', 'Chat'] as const
const PEER = { 'network.peer.address': '127.0.0.1', 'network.peer.port': expect.any(Number) }

let scene: MeshScene
beforeAll(async () => {
  scene = await openMeshScene()
  const retries = { attempts: 2, retryOn: 'unavailable' }
  await scene.apply(
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'ratings' },
      spec: { hosts: ['ratings'], http: [{ route: [{ destination: { host: 'ratings' } }], retries }] },
    },
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'unwanted' },
      spec: { action: 'DENY', rules: [{ when: [{ key: 'request.headers[x-unwanted]', values: ['yes'] }] }] },
    },
  )
})
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]()
})

/** Two processes for the tests of a `describe`, and how to have one call the other. */
class Pair {
  readonly #processes: TestProcess[] = []
  #address = ''
  #asked = 0

  async start(app: string, flags: string): Promise<void> {
    const start = (service: string): TestProcess => {
      const env = { NODE_OPTIONS: flags, WEFT_CONTROL: scene.control.url, WEFT_SERVICE: service }
      const started = startProcess(`${FIXTURES}/${app}`, { env })
      this.#processes.push(started)
      return started
    }
    const [, port] = await start('ratings').until(/^serving (\d+)$/)
    this.#address = `127.0.0.1:${port}`
    // The first call is made before policy has come.
    await start('reviews').until(/^ready$/)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()))
  }

  complaints(): string[] {
    const lines = this.#processes.flatMap((process) => process.output().split('\n'))
    return lines.filter((line) => !/^(span|called|ready|serving)( |$)/.test(line))
  }

  /** Makes a call, and waits until there are so many spans of it. */
  async call(call: string, count: number, over: Asked['over'] = 'mesh'): Promise<Called> {
    const before = new Set(this.#spans().map(({ spanId }) => spanId))
    const id = this.#asked++
    const caller = this.#processes[1] as TestProcess
    caller.child.stdin?.write(`${JSON.stringify({ id, call, over, address: this.#address } satisfies Asked)}\n`)
    const [, code, trace = ''] = await caller.until(new RegExp(`^called ${id} (\\d+) (.*)$`))
    const spans = await poll(() => {
      const added = this.#spans().filter(({ spanId }) => !before.has(spanId))
      return added.length >= count && added
    }, `${count} spans of ${call}`)
    expect(spans, JSON.stringify(spans)).toHaveLength(count)
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
    return { code: Number(code), trace, spans }
  }

  #spans(): PrintedSpan[] {
    return this.#processes.flatMap((process) =>
      [...process.output().matchAll(/^span (.*)$/gm)].map(([, json = '']) => JSON.parse(json) as PrintedSpan),
    )
  }
}

function startedPair(app: string, flags: string): Pair {
  const pair = new Pair()
  beforeAll(() => pair.start(app, flags))
  afterAll(() => pair.stop())
  return pair
}

/** The one span of its kind, scope and parent. */
function one(spans: Called['spans'], kind: SpanKind, scope: string, parent?: PrintedSpan): PrintedSpan {
  const found = spans.filter((span) => span.kind === kind && span.scope === scope && span.parent === parent?.spanId)
  expect(found, JSON.stringify(spans)).toHaveLength(1)
  return found[0] as PrintedSpan
}

const headerOf = ({ traceId, spanId }: PrintedSpan): string => `00-${traceId}-${spanId}-01`

describe.each([
  ['CommonJS', 'grpc-traced.cjs', `--require ${FIXTURES}/grpc-tracing.cjs`],
  ['ES modules', 'grpc-traced.ts', `--import ${FIXTURES}/grpc-tracing.mjs`],
])('an application of %s', (_, app, flags) => {
  const pair = startedPair(app, flags)

  test.each(KINDS)('%s has a CLIENT and a SERVER span, and carries its trace once', async (kind) => {
    const { trace, spans } = await pair.call(kind, 2)
    const client = one(spans, SpanKind.CLIENT, THEIRS)
    one(spans, SpanKind.SERVER, THEIRS, client)
    for (const { name } of spans) expect(name).toBe(`grpc.weft.test.Greeter/${kind}`)
    expect(client.attributes).toMatchObject(PEER)
    expect(trace).toBe(headerOf(client))
  })

  test.each(KINDS)('%s over a channel that grpc-js makes is told alike', async (kind) => {
    const { trace, spans } = await pair.call(kind, 2, 'grpc-js')
    const client = one(spans, SpanKind.CLIENT, THEIRS)
    one(spans, SpanKind.SERVER, THEIRS, client)
    expect(client.attributes).toMatchObject(PEER)
    expect(trace).toBe(headerOf(client))
  })

  test.each(KINDS)('%s past the mesh, with its interceptors, carries the trace once too', async (kind) => {
    const { trace, spans } = await pair.call(kind, 2, 'bare')
    const client = one(spans, SpanKind.CLIENT, THEIRS)
    one(spans, SpanKind.SERVER, THEIRS, client)
    expect(client.attributes).not.toHaveProperty('network.peer.address')
    expect(trace).toBe(headerOf(client))
  })

  test('a call that is made while another is served goes on in its trace', async () => {
    const { spans } = await pair.call('chain', 4)
    const outer = one(spans, SpanKind.CLIENT, THEIRS)
    const inner = one(spans, SpanKind.CLIENT, THEIRS, one(spans, SpanKind.SERVER, THEIRS, outer))
    one(spans, SpanKind.SERVER, THEIRS, inner)
    expect(inner.attributes).toMatchObject(PEER)
  })

  test('attempts of a call that is tried again are told by its one span', async () => {
    const { code, spans } = await pair.call('busy', 3)
    expect(code).toBe(0)
    const client = one(spans, SpanKind.CLIENT, THEIRS)
    expect(spans.filter(({ kind, parent }) => kind === SpanKind.SERVER && parent === client.spanId)).toHaveLength(2)
    expect(client.attributes).toMatchObject({ ...PEER, 'weft.resend_count': 1 })
    expect(client.events).toEqual(['weft.resend'])
  })

  test('a call that is not answered in time is flagged', async () => {
    const { code, spans } = await pair.call('late', 1)
    expect(code).toBe(4)
    expect(one(spans, SpanKind.CLIENT, THEIRS).attributes).toMatchObject({ 'weft.response_flags': 'UT' })
  })

  test('a method that the server does not have is told by the mesh there', async () => {
    const { code, spans } = await pair.call('unknown', 2)
    expect(code).toBe(12)
    const server = one(spans, SpanKind.SERVER, OURS, one(spans, SpanKind.CLIENT, THEIRS))
    expect(server.attributes).toMatchObject({ 'rpc.method': '_OTHER' })
  })

  test('a call that policy denies is told by the mesh there', async () => {
    const { code, spans } = await pair.call('denied', 2)
    expect(code).toBe(7)
    const { name, attributes } = one(spans, SpanKind.SERVER, OURS, one(spans, SpanKind.CLIENT, THEIRS))
    expect(name).toBe('weft.test.Greeter/Hello')
    expect(attributes).toMatchObject({ 'rpc.status_code': 'PERMISSION_DENIED' })
  })

  test('a call that the instrumentation is told to ignore has the span of the mesh', async () => {
    const { spans } = await pair.call('ignored', 1)
    expect(one(spans, SpanKind.CLIENT, OURS).name).toBe('weft.test.Greeter/Ignored')
  })

  test('a call that is made by a listener of a stream has a span of its own', async () => {
    const { trace, spans } = await pair.call('Collect in a listener', 4)
    const outer = one(spans, SpanKind.CLIENT, THEIRS)
    const inner = one(spans, SpanKind.CLIENT, THEIRS, outer)
    expect(inner.attributes).toMatchObject(PEER)
    expect(trace).toBe(headerOf(inner))
    one(spans, SpanKind.SERVER, THEIRS, outer)
    one(spans, SpanKind.SERVER, THEIRS, inner)
  })

  test('an ignored one does not take the span of the stream', async () => {
    const { spans } = await pair.call('ignored in a listener', 3)
    const outer = one(spans, SpanKind.CLIENT, THEIRS)
    expect(one(spans, SpanKind.CLIENT, OURS, outer).name).toBe('weft.test.Greeter/Ignored')
  })

  test('nobody complains', () => {
    expect(pair.complaints()).toEqual([])
  })
})

/** Generated clients are not instrumented then, and served methods are. */
describe('an application of ES modules without the loader hook', () => {
  const pair = startedPair('grpc-traced.ts', `--require ${FIXTURES}/grpc-tracing.cjs`)

  test.each(KINDS)('%s has a CLIENT span of the mesh and a SERVER span of the instrumentation', async (kind) => {
    const { trace, spans } = await pair.call(kind, 2)
    const client = one(spans, SpanKind.CLIENT, OURS)
    one(spans, SpanKind.SERVER, THEIRS, client)
    expect(client.attributes).toMatchObject(PEER)
    expect(trace).toBe(headerOf(client))
  })

  test('a call past the mesh carries the trace of what is served', async () => {
    const { trace, spans } = await pair.call('past', 3)
    const served = one(spans, SpanKind.SERVER, THEIRS, one(spans, SpanKind.CLIENT, OURS))
    one(spans, SpanKind.SERVER, THEIRS, served)
    expect(trace).toBe(headerOf(served))
  })
})
