import { credentials } from '@grpc/grpc-js'
import { CALLER_HEAD, compareCallers, type Scale, type Way } from '../lib/compare-callers.ts'
import { compareServers, SERVER_HEAD } from '../lib/compare-servers.ts'
import { startControl } from '../lib/control.ts'
import { type GrpcScene, openGrpcScene } from '../lib/grpc-scene.ts'
import { type CallKind, MESSAGES_A_STREAM, newReviewsClient, sendsOf } from '../lib/grpc-service.ts'
import type { RunResult } from '../lib/measure.ts'
import { table } from '../lib/table.ts'
import { startWorker, type Worker } from '../lib/worker.ts'

const CONCURRENCY = 32
const PUSHES = 10
/** Enough for each endpoint to be called after each push. */
const CALLS_BETWEEN_PUSHES = 64
const MESSAGE_HEAD = ['way to call', 'CPU µs/message', 'ratio', 'messages/s']
const SERVERS = ['grpc-js server', 'grpc.serve'] as const

/** Each of them under the same load, the first of them the baseline. */
type Ways = readonly [Way, ...Way[]]

const titled = (title: string, ways: Ways): Ways =>
  ways.map((way) => ({ ...way, name: `${title}, ${way.name}` })) as unknown as Ways

function compareUnary(title: string, ways: Ways, scale: Scale): Promise<string[][]> {
  return compareCallers(titled(title, ways), scale, { concurrency: CONCURRENCY, options: { kind: 'unary' } })
}

async function compareStreams(kind: CallKind, ways: Ways, scale: Scale): Promise<string[][]> {
  const load = { concurrency: CONCURRENCY, options: { kind }, unitsPerRequest: MESSAGES_A_STREAM }
  const streams = { ...scale, requests: Math.ceil(scale.requests / 60) }
  const rows = await compareCallers(titled(kind, ways), streams, load)
  return rows.map((row) => row.slice(0, MESSAGE_HEAD.length))
}

/** CPU a call of the serving process, driven by the same bare client. */
async function compareServing({ requests, pairs }: Scale): Promise<string[][]> {
  const control = await startControl()
  const ways = await Promise.all(
    SERVERS.map(async (name) => ({
      name,
      server: await startWorker('grpc-server', { BENCH_VARIANT: name, WEFT_CONTROL: control.url }),
    })),
  )
  const sendTo = (port: number) =>
    sendsOf(new newReviewsClient(`127.0.0.1:${port}`, credentials.createInsecure())).unary
  const rows = await compareServers(ways, sendTo, { requests, pairs, concurrency: CONCURRENCY })
  await control.close()
  return rows
}

/** Connections that a client opens at the servers while policy is changed and calls go on. */
async function connectionsByPushes(
  { upstream }: GrpcScene,
  caller: Way,
  push: (percentOfSecond: number) => Promise<void>,
): Promise<number> {
  const worker = await caller.start()
  const call = (): Promise<void> => callSome(worker)
  await call()
  const before = await upstream.call<number>('connections')
  for (let pushed = 0; pushed < PUSHES; pushed++) {
    await push(40 + pushed)
    await call()
  }
  const opened = (await upstream.call<number>('connections')) - before
  await worker.stop()
  return opened
}

async function callSome(worker: Worker): Promise<void> {
  const options = { kind: 'unary', requests: CALLS_BETWEEN_PUSHES, concurrency: 8 }
  const { failed } = await worker.call<RunResult>('run', options)
  if (failed > 0) throw new Error(`${failed} calls failed between pushes`)
}

/** What calls of gRPC cost through the mesh, against bare grpc-js and against proxyless xDS. */
export async function benchGrpc(scale: Scale): Promise<string> {
  const some = { ...scale, starts: Math.min(scale.starts, 3), pairs: Math.min(scale.pairs, 4) }
  const plain = await openGrpcScene()
  const ways: Ways = [plain.bare, plain.mesh, plain.xds]
  const unary = await compareUnary('unary', ways, some)
  const streams = [
    ...(await compareStreams('server streaming', ways, some)),
    ...(await compareStreams('bidi streaming', ways, some)),
  ]
  const opened = [
    [plain.mesh.name, await connectionsByPushes(plain, plain.mesh, plain.pushToMesh), 0],
    [plain.xds.name, await connectionsByPushes(plain, plain.xds, plain.pushToXds), '-'],
  ]
  await plain.close()
  const secure = await openGrpcScene({ mutualTls: true })
  unary.push(...(await compareUnary('unary, mTLS', [secure.bare, secure.mesh], some)))
  await secure.close()
  return [
    table(CALLER_HEAD, unary),
    table(MESSAGE_HEAD, streams),
    table(SERVER_HEAD, await compareServing(scale)),
    table(['client', `connections opened by ${PUSHES} pushes`, 'goal'], opened),
  ].join('\n\n')
}
