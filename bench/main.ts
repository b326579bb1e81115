// Measures what Weft costs against the bare libraries, in one run, and prints tables of ratios.
//   --smoke        a few requests of everything, to see that it runs
//   --only a,b     some of the sections
//   --write        also write docs/benchmarks.md
import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Scale } from './lib/compare-callers.ts'
import { benchAuthorization } from './scenarios/authorization.ts'
import { benchBalancing } from './scenarios/balancing.ts'
import { benchCalls } from './scenarios/calls.ts'
import { benchChain } from './scenarios/chain.ts'
import { benchEndpoints } from './scenarios/endpoints.ts'
import { benchGrpc } from './scenarios/grpc.ts'
import { benchHaproxy } from './scenarios/haproxy.ts'
import { benchHeap } from './scenarios/heap.ts'
import { benchLookUp } from './scenarios/look-up.ts'
import { benchMutualTls } from './scenarios/mutual-tls.ts'
import { benchPush } from './scenarios/push.ts'
import { benchRouting } from './scenarios/routing.ts'
import { benchServing } from './scenarios/serving.ts'
import { benchStalled } from './scenarios/stalled.ts'
import { benchStreams } from './scenarios/streams.ts'

const smoke = process.argv.includes('--smoke')
const only = process.argv[process.argv.indexOf('--only') + 1]?.split(',')
const scale: Scale = smoke ? { requests: 500, pairs: 1, starts: 1 } : { requests: 15_000, pairs: 5, starts: 5 }

interface Section {
  readonly key: string
  readonly title: string
  readonly run: () => Promise<string>
}

const SECTIONS: readonly Section[] = [
  { key: 'calls', title: 'Calls out', run: () => benchCalls(scale) },
  { key: 'serving', title: 'Requests in', run: () => benchServing(scale) },
  { key: 'mtls', title: 'Mutual TLS', run: () => benchMutualTls(scale) },
  { key: 'grpc', title: 'gRPC', run: () => benchGrpc(scale) },
  { key: 'haproxy', title: 'Added latency at low load', run: () => benchHaproxy(scale) },
  {
    key: 'chain',
    title: 'A chain of three services at a constant rate',
    run: () =>
      benchChain(smoke ? { rates: [20], seconds: 1, rounds: 1 } : { rates: [20, 200, 2000], seconds: 5, rounds: 2 }),
  },
  {
    key: 'push',
    title: 'From a policy change to every client',
    run: () => (smoke ? benchPush([1, 10], 1) : benchPush([1, 100, 1000, 5000], 15)),
  },
  {
    key: 'lookup',
    title: 'Looking up a service',
    run: () => benchLookUp(smoke ? { sizes: [10, 100], lookUps: 20 } : { sizes: [100, 1_000, 10_000], lookUps: 1_000 }),
  },
  {
    key: 'endpoints',
    title: 'A large service',
    run: () =>
      benchEndpoints(
        smoke
          ? { endpoints: 1_000, changes: 1, starts: 1, policies: 2 }
          : { endpoints: 10_000, changes: 10, starts: 3 },
      ),
  },
  {
    key: 'heap',
    title: 'Memory of a client',
    run: () =>
      benchHeap(
        smoke
          ? [[10, 10]]
          : [
              [100, 10],
              [1_000, 100],
            ],
      ),
  },
  {
    key: 'streams',
    title: 'Memory of the control server',
    run: () => benchStreams(smoke ? { count: 50, settleMs: 500 } : { count: 1000, settleMs: 12_000 }),
  },
  {
    key: 'balancing',
    title: 'Balancing',
    run: () =>
      benchBalancing(smoke ? { picks: 20_000, simulatedSeconds: 1 } : { picks: 2_000_000, simulatedSeconds: 10 }),
  },
  {
    key: 'routing',
    title: 'Finding a route',
    run: async () =>
      benchRouting(
        smoke
          ? { sizes: [10, 100], requests: 1_000, rounds: 1 }
          : { sizes: [10, 100, 1_000], requests: 200_000, rounds: 5 },
      ),
  },
  {
    key: 'authorization',
    title: 'Deciding who may send what',
    run: async () =>
      benchAuthorization(
        smoke ? { sizes: [10, 100], requests: 1_000 } : { sizes: [10, 100, 1_000], requests: 100_000 },
      ),
  },
  { key: 'stalled', title: 'A client that stops reading', run: () => benchStalled(smoke ? 200 : 5_000) },
]

const parts: string[] = []
for (const { key, title, run } of SECTIONS) {
  if (process.argv.includes('--only') && only?.includes(key) !== true) continue
  const begin = performance.now()
  const text = `## ${title}\n\n${await run()}\n`
  parts.push(text)
  console.log(text)
  console.error(`${key} took ${Math.round((performance.now() - begin) / 1000)} s\n`)
}

if (process.argv.includes('--write')) {
  const file = path.resolve(import.meta.dirname, '../docs/benchmarks.md')
  const [head] = readFileSync(file, 'utf8').split('<!-- results -->')
  const machine = `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}`
  const stamp = `Measured on ${new Date().toISOString().slice(0, 10)} with Node ${process.versions.node} on ${machine}.`
  writeFileSync(file, `${head}<!-- results -->\n\n${stamp}\n\n${parts.join('\n')}`)
}
process.exit(0)
