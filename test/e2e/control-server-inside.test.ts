import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { OptionsError, StoreError, startControlServer } from '../../packages/control-server/src/index.ts'
import { call } from '../support/control-server.ts'
import { tempFolder } from '../support/control-stores.ts'
import { rawConnection } from '../support/raw-http.ts'

/* The control server inside another process, as an application's tests use it. */

test('several run side by side and know nothing of each other', async () => {
  const start = () => startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  const [one, two] = [await start(), await start()]
  const rule = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'x' },
    spec: { host: 'x' },
  }
  await call(`${one.url}/v1/apply`, 'POST', rule)
  const items = async (url: string): Promise<number> =>
    (await call(`${url}/apis/networking.istio.io/v1/destinationrules`, 'GET')).body.items.length
  expect([await items(one.url), await items(two.url)]).toEqual([1, 0])
  await Promise.all([one.close(), two.close()])
  await one.close()
  await expect(call(`${one.url}/healthz`, 'GET')).rejects.toThrow()
})

test('a connection on which nothing has come does not hold its end up', async () => {
  const server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  const unused = await rawConnection(Number(new URL(server.url).port))
  await call(`${server.url}/healthz`, 'GET')
  const begun = performance.now()
  await server.close()
  expect(performance.now() - begun).toBeLessThan(2_000)
  expect(await unused.closed).toBe('end')
})

test('what keeps it from starting is an error of its own kind, and leaves nothing behind', async () => {
  const folder = tempFolder()
  const dataDir = path.join(folder.path, 'data')
  await expect(startControlServer({ listen: 'nonsense' })).rejects.toBeInstanceOf(OptionsError)
  mkdirSync(dataDir)
  writeFileSync(path.join(dataDir, 'weft.db'), 'garbage '.repeat(1_000))
  await expect(startControlServer({ listen: '127.0.0.1:0', dataDir })).rejects.toBeInstanceOf(StoreError)

  const free = path.join(folder.path, 'free')
  const one = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  const taken = startControlServer({ listen: new URL(one.url).host, dataDir: free })
  await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' })
  const two = await startControlServer({ listen: '127.0.0.1:0', dataDir: free })
  await Promise.all([one.close(), two.close()])
  folder.remove()
})

test('a workload that is not renewed leaves, one that is stays', async () => {
  const server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory', workloadTtlMs: 400 })
  const registration = (listenPort: number): object => ({
    service: 'shop',
    namespace: 'default',
    address: '127.0.0.1',
    ports: [{ name: 'http', servicePort: 80, port: 80, listenPort, protocol: 'http' }],
    labels: {},
    serviceAccount: 'default',
    locality: '',
    weight: 1,
  })
  await call(`${server.url}/v1/workloads/stays`, 'PUT', registration(1))
  await call(`${server.url}/v1/workloads/leaves`, 'PUT', registration(2))
  const deadline = performance.now() + 10_000
  let ids: string[] = []
  do {
    await call(`${server.url}/v1/workloads/stays/renew`, 'POST')
    await new Promise((resolve) => setTimeout(resolve, 50))
    const { body } = await call(`${server.url}/v1/services/default/shop`, 'GET')
    ids = body.endpoints.map((endpoint: { workload: { id: string } }) => endpoint.workload.id)
  } while (ids.length > 1 && performance.now() < deadline)
  expect(ids).toEqual(['stays'])
  await server.close()
})
