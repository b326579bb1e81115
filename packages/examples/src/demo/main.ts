// The demo: the control server and Bookinfo as separate processes, open-loop load, and a story of canaries and failures.
// `--once` ends with exit code 0 when no request failed and every share was right, else 1. Without it, it keeps running.

import { setTimeout as sleep } from 'node:timers/promises'
import { exitWith } from './exit-with.ts'
import { grpcCallsOf, wrongOf } from './grpc-calls.ts'
import { OpenLoop, type Visitor } from './load.ts'
import { joinAsDemo } from './own-identity.ts'
import { format, header } from './report.ts'
import { play, STEPS } from './story.ts'
import { Town } from './town.ts'

const REQUESTS_PER_SECOND = 120
const TIME_LIMIT_MS = 240_000
const VISITORS: readonly Visitor[] = [
  { name: 'desktop', userAgent: 'Mozilla/5.0 (X11; Linux x86_64)', share: 0.8 },
  { name: 'iPhone', userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)', share: 0.2 },
]

const once = process.argv.includes('--once')

/** Tells the story once; true when all went as it should. */
async function tell(town: Town): Promise<boolean> {
  const { api } = town
  const load = new OpenLoop(town.pageUrl, REQUESTS_PER_SECOND, VISITORS)
  let good = true
  console.log(header())
  try {
    for (const step of STEPS) {
      const row = await play(step, { town, api, load })
      good &&= row.wrong === ''
      console.log(format(row))
    }
  } finally {
    await load.stop()
  }
  const { total, failed, errors } = load.totals()
  console.log(`\n${total} requests, ${failed} failed`)
  for (const error of errors) console.log(`  ${error}`)
  return (await tellGrpc(town)) && good && failed === 0
}

/** What ratings has heard over gRPC, by Istio's metrics; true when it is as it should be. */
async function tellGrpc({ api }: Town): Promise<boolean> {
  const calls = await grpcCallsOf(api, 'ratings')
  const wrong = wrongOf(calls, /\/sa\/bookinfo-reviews$/)
  const statuses = [...calls.statuses].map(([status, count]) => `${count} with status ${status}`).join(', ')
  console.log(`ratings was called over gRPC ${calls.total} times, by ${[...calls.callers].join(', ')}`)
  console.log(`  istio_requests_total{request_protocol="grpc",connection_security_policy="mutual_tls"}: ${statuses}`)
  if (wrong !== '') console.log(`  ✗ ${wrong}`)
  return wrong === ''
}

/** Who everybody is, as the control server has it. */
async function printIdentities(town: Town): Promise<void> {
  const given = await town.api.identities()
  const rows = given.map(({ workloadId, spiffeId }) => `  ${workloadId.padEnd(26)}${spiffeId}`).sort()
  console.log(`Every workload has an identity, and all but the page take mutual TLS alone:\n${rows.join('\n')}\n`)
}

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
}

async function main(): Promise<number> {
  const begin = performance.now()
  console.log('Starting the control server and Bookinfo …')
  const town = await Town.start({ v1: 2, v2: 2, v3: 2 })
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  console.log(`${town.processCount} processes in ${seconds} s; ${REQUESTS_PER_SECOND} requests/s on ${town.pageUrl}\n`)
  const demo = await joinAsDemo(town)
  await printIdentities(town)
  const interrupted = untilInterrupted().then(() => 'interrupted' as const)
  try {
    const end = await Promise.race([tell(town), interrupted, sleep(TIME_LIMIT_MS, 'time' as const, { ref: false })])
    if (end === 'interrupted') return 130
    if (end === 'time') throw new Error(`the story was not over after ${TIME_LIMIT_MS / 1000} s`)
    if (once) return end ? 0 : 1
    console.log(`\nStill running. Open ${town.pageUrl} and try, in another terminal:`)
    const asAdmin = `WEFT_CONTROL=${town.controlUrl} WEFT_TOKEN_FILE=${town.tokenFile}`
    console.log(`  ${asAdmin} npx pnpm@12 weft canary set reviews --subset v2 --weight 30`)
    console.log(`  ${asAdmin} npx pnpm@12 weft certs`)
    const [{ port } = { port: 0 }] = await town.api.endpoints('reviews')
    console.log("  # an instance of reviews: refused without a certificate, answered with the demo's")
    console.log(`  sleep 1 | openssl s_client -brief -connect 127.0.0.1:${port}`)
    const files = `--cert ${town.identityDir}/cert-chain.pem --key ${town.identityDir}/key.pem`
    console.log(`  curl -k ${files} https://127.0.0.1:${port}/reviews/7`)
    console.log('Ctrl-C ends it.')
    await interrupted
    return end ? 0 : 1
  } finally {
    await demo.close({ timeoutMs: 1_000 })
    await town.stop()
  }
}

await exitWith(main)
