// A client inside of the mesh: calls a service, over HTTP or TCP, and counts what comes back.
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { createMesh, type Mesh, MeshError, type MeshOptions } from '@weft/mesh-client'
import { countOf, printTally, tally } from './tally.ts'

const USAGE = `call URL [-n COUNT] [-c AT_ONCE] [-H 'name: value'] [--say TEXT] [--body] [--metrics TEXT] [--as NAME.NAMESPACE [--keep]]
URL is http://… or tcp://…; over TCP a line with TEXT is sent and one is read. --body shows the first line of each
answer, --metrics the metrics of this client whose names begin with TEXT. Where it runs: WEFT_LOCALITY. --as joins as a service account, with the token in the file
$SAMPLES/NAME.NAMESPACE; --keep leaves key and certificate in $SAMPLES/NAME.NAMESPACE.identity.`

interface Plan {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly say: string
  readonly showBody: boolean
}

const firstLine = (text: string): string => text.split('\n', 1)[0] as string

async function callHttp(mesh: Mesh, { url, headers, showBody }: Plan): Promise<string> {
  const response = await mesh.fetch(url, { headers })
  const text = await response.text()
  const flags = response.headers.get('x-weft-response-flags')
  return [response.status, flags, showBody ? firstLine(text) : null].filter((part) => part !== null).join(' ')
}

async function callTcp(mesh: Mesh, { url, say }: Plan): Promise<string> {
  const socket = mesh.connect({ host: url.hostname, port: Number(url.port) })
  const failed = once(socket, 'error').then(([error]) => Promise.reject(error))
  socket.write(`${say}\n`)
  const lines = createInterface({ input: socket })
  const closed = once(lines, 'close').then(() => ['closed'])
  const [line] = await Promise.race([once(lines, 'line'), closed, failed])
  socket.destroy()
  return line as string
}

/** Errors are outcomes too. */
async function attempt(mesh: Mesh, plan: Plan): Promise<string> {
  try {
    return await (plan.url.protocol === 'tcp:' ? callTcp(mesh, plan) : callHttp(mesh, plan))
  } catch (error) {
    let cause: unknown = error
    while (cause instanceof Error && !MeshError.isMeshError(cause) && cause.cause !== undefined) cause = cause.cause
    return MeshError.isMeshError(cause) ? `failed: ${cause.code}` : `failed: ${String(cause)}`
  }
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? []
      if (name === undefined) throw new Error(`-H takes 'name: value', not ${line}`)
      return [name, value as string]
    }),
  )
}

/** Who this client is to the mesh: nobody, where it is not said. */
function identityOptions(as: string | undefined, keep: boolean): MeshOptions {
  if (as === undefined) return {}
  const [, serviceAccount, namespace] = /^([^./]+)\.([^./]+)$/.exec(as) ?? []
  const { SAMPLES: folder } = process.env
  if (serviceAccount === undefined || namespace === undefined) throw new Error(`--as takes NAME.NAMESPACE, not ${as}`)
  if (folder === undefined) throw new Error('SAMPLES is not set: paste the lines that `samples --secure …` printed')
  const tokenFile = path.join(folder, as)
  return { namespace, serviceAccount, tokenFile, ...(keep ? { identityDir: `${tokenFile}.identity` } : {}) }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      n: { type: 'string', short: 'n', default: '1' },
      c: { type: 'string', short: 'c', default: '1' },
      H: { type: 'string', short: 'H', multiple: true, default: [] },
      say: { type: 'string', default: 'hello' },
      body: { type: 'boolean', default: false },
      metrics: { type: 'string' },
      as: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  })
  const url = new URL(positionals[0] ?? '')
  const plan = { url, headers: headersOf(values.H), say: values.say, showBody: values.body }
  const mesh = createMesh({ ...identityOptions(values.as, values.keep), dependencies: [url.hostname] })
  await mesh.ready({ timeoutMs: 10_000 })
  printTally(await tally(countOf(values.n, '-n'), countOf(values.c, '-c'), () => attempt(mesh, plan)))
  const { metrics } = values
  if (metrics !== undefined) {
    const lines = (await mesh.metrics.metrics()).split('\n').filter((line) => line.startsWith(metrics))
    console.log(lines.join('\n'))
  }
  await mesh.close()
}

try {
  await main()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`)
  process.exitCode = 2
}
