import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { type AdminServer, startAdminServer } from '../../../../packages/mesh-client/src/http/admin-server.ts'
import type { Logger } from '../../../../packages/mesh-client/src/kernel/logger.ts'
import { ROOT } from '../../../support/source-files.ts'

const run = promisify(execFile)

describe('the admin listener', () => {
  const warnings: string[] = []
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message) => void warnings.push(message),
    error: () => undefined,
  }
  let up = { healthy: true, ready: true }
  let metrics = async (): Promise<string> => 'm 1\n'
  let admin: AdminServer | undefined

  const start = async (port = 0): Promise<AdminServer> => {
    admin = await startAdminServer({
      port,
      registry: { contentType: 'text/plain; version=0.0.4; charset=utf-8', metrics: () => metrics() },
      status: () => ({ versions: { 'Cluster/c': '1' } }),
      healthy: () => up.healthy,
      ready: () => up.ready,
      logger,
    })
    return admin
  }
  const ask = async (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${admin?.port}${path}`, init)

  afterEach(async () => {
    await admin?.close()
    admin = undefined
    up = { healthy: true, ready: true }
    metrics = async () => 'm 1\n'
    warnings.length = 0
  })

  test('tells metrics and status', async () => {
    await start()
    const scraped = await ask('/metrics?x=1')
    expect([scraped.status, scraped.headers.get('content-type'), await scraped.text()]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      'm 1\n',
    ])
    expect(await (await ask('/status')).json()).toEqual({ versions: { 'Cluster/c': '1' } })
    const head = await ask('/metrics', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '4', ''])
  })

  test.each([
    ['/healthz', 'healthy'],
    ['/readyz', 'ready'],
  ] as const)('%s follows %s', async (path, state) => {
    await start()
    expect((await ask(path)).status).toBe(200)
    up[state] = false
    expect((await ask(path)).status).toBe(503)
  })

  test('refuses what it does not know', async () => {
    await start()
    expect((await ask('/nothing')).status).toBe(404)
    const posted = await ask('/status', { method: 'POST', body: 'x' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('answers 500 when the metrics cannot be made, and goes on', async () => {
    await start()
    metrics = () => Promise.reject(new Error('boom'))
    expect((await ask('/metrics')).status).toBe(500)
    expect(warnings).toHaveLength(1)
    expect((await ask('/healthz')).status).toBe(200)
  })

  test('a port that is taken is a clear error', async () => {
    const first = await start()
    await expect(start(first.port)).rejects.toMatchObject({
      code: 'WEFT_CONFIG',
      message: expect.stringContaining(`127.0.0.1:${first.port} (EADDRINUSE)`),
    })
    admin = first
  })

  test('close is idempotent and cuts idle connections', async () => {
    const first = await start()
    await (await ask('/healthz')).text()
    await Promise.all([first.close(), first.close()])
    await expect(ask('/healthz')).rejects.toThrow()
  })

  test('does not keep a finished script alive', async () => {
    const script = `
      const { startAdminServer } = await import('./packages/mesh-client/src/http/admin-server.ts')
      const registry = { contentType: 'text/plain', metrics: async () => '' }
      const { port } = await startAdminServer({ port: 0, registry, status: () => ({}), healthy: () => true, ready: () => true, logger: console })
      const answer = await fetch('http://127.0.0.1:' + port + '/healthz')
      console.log(answer.status)`
    const flags = ['--conditions=@weft/source', '--no-warnings', '--input-type=module', '-e', script]
    const { stdout } = await run(process.execPath, flags, { cwd: ROOT, timeout: 10_000 })
    expect(stdout.trim()).toBe('200')
  })
})
