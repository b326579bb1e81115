import { afterAll, beforeAll, expect, test } from 'vitest'
import { routeAction } from '../../../../packages/control-server/src/serve/auth-table.ts'
import { KIND_BASES, urlsOf } from '../../../../packages/control-server/src/serve/kind-paths.ts'
import { type ControlServer, startControlServer } from '../../../../packages/control-server/src/server.ts'

let server: ControlServer
beforeAll(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
})
afterAll(() => server.close())

/** What the table says of a URL that may be one of a kind's. */
function actionFor(method: string, url: string): string | undefined {
  const ofKinds = KIND_BASES.flatMap((base) =>
    ['/:plural', '/namespaces/:namespace/:plural', '/namespaces/:namespace/:plural/:name'].map((rest) => base + rest),
  )
  const pattern = ofKinds.find((each) => urlsOf(each).includes(url))
  return routeAction(method, pattern ?? url)
}

test('every route that is served is in the table', async () => {
  const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>
  }
  const served = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1')] as const),
  )
  expect(served.length).toBeGreaterThan(100)
  expect(served.filter(([method, url]) => actionFor(method, url) === undefined)).toEqual([])
  const open = served.filter(([method, url]) => actionFor(method, url) === 'open').map(([, url]) => url)
  expect(open.toSorted()).toEqual(['/healthz', '/readyz', '/v1/trust-bundle'])
  const written = served.filter(([method]) => method !== 'GET')
  expect(written.filter(([method, url]) => actionFor(method, url) === 'read')).toEqual([['POST', '/v1/analyze']])
})

test('a HEAD is what its GET is', () => {
  expect(routeAction('HEAD', '/v1/tokens')).toBe(routeAction('GET', '/v1/tokens'))
})
