// Sends requests at a constant rate, in a process of its own. A request that is sent late counts from the moment it was due,
// so that a server that stalls is charged for all whom it kept waiting (no coordinated omission).
import { Agent, request } from 'undici'
import { clientTls } from '../lib/bare-tls.ts'
import { constantRate, type RateOptions } from '../lib/constant-rate.ts'
import { serveCommands } from '../lib/worker.ts'

const dispatcher = new Agent({ connections: 256, keepAliveTimeout: 60_000, allowH2: false, connect: clientTls() ?? {} })

async function send(url: string): Promise<boolean> {
  const { statusCode, body } = await request(url, { dispatcher })
  await body.dump()
  return statusCode === 200
}

serveCommands({
  run: ({ url, ...options }: RateOptions & { readonly url: string }) => constantRate(() => send(url), options),
})
