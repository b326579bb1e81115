import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { startUpstream } from '../support/outbound.ts'
import { ROOT } from '../support/source-files.ts'

const run = promisify(execFile)

const RUNTIMES = [
  ['this Node', process.execPath],
  ['Node 22', `${ROOT}/test/runtimes/node_modules/node-22/bin/node`],
  ['Node 26', `${ROOT}/test/runtimes/node_modules/node-26/bin/node`],
] as const

async function script(node: string, file: string, env: Record<string, string>): Promise<string[]> {
  const args = ['--conditions=@weft/source', '--no-warnings', `test/e2e/fixtures/${file}`]
  const { stdout } = await run(node, args, { cwd: ROOT, env: { ...process.env, ...env }, timeout: 15_000 })
  return stdout.trim().split('\n')
}

const told = RUNTIMES.map(
  ([name, node]) => [existsSync(node) ? name : `${name} (skipped: not installed)`, node] as const,
)

describe.each(told)('%s', (_name, node) => {
  test.skipIf(!existsSync(node))('importing changes no global, a proxy of the process stays in force', async () => {
    await using proxy = await startUpstream((_request, response) => void response.end('proxied'))
    // Some versions of undici tunnel plain requests too.
    proxy.server.on('connect', (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.once('data', () => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nproxied'))
    })
    await using target = await startUpstream((_request, response) => void response.end('direct'))
    for (const touch of ['0', '1']) {
      const [globals, reached] = await script(node, 'import-only.ts', {
        TOUCH_FIRST: touch,
        TARGET: `http://localhost:${target.port}/`,
        NODE_USE_ENV_PROXY: '1',
        HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
        NO_PROXY: 'localhost',
      })
      expect(JSON.parse(globals ?? '')).toEqual({ same: [true, true], fetch: true })
      expect(JSON.parse(reached ?? '')).toEqual({ viaFetch: 'proxied', viaRequest: 'direct' })
    }
  })

  test.skipIf(!existsSync(node))('a script that is done exits by itself', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('hello'))
    const started = performance.now()
    const lines = await script(node, 'finished-script.ts', { UPSTREAM_PORT: String(upstream.port) })
    expect(lines).toEqual(['answered 200 hello', 'done'])
    // Well before undici would close its idle connections.
    expect(performance.now() - started).toBeLessThan(3_500)
  })
})
