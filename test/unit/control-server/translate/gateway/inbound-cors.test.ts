import { describe, expect, test } from 'vitest'
import { originMatcher } from '../../../../../packages/control-server/src/translate/gateway/inbound-cors.ts'
import { type InboundSubject, translateInbound } from '../../../../../packages/control-server/src/translate/inbound.ts'
import { indexPolicies } from '../../../../../packages/control-server/src/translate/policy-index.ts'
import { backend, httpRoute } from '../../../../support/gateway-routes.ts'
import { service, type TestResource, testModel } from '../../../../support/test-model.ts'

const subject: InboundSubject = {
  service: 'reviews',
  namespace: 'default',
  labels: { app: 'reviews' },
  ports: [{ name: 'http', servicePort: 80, port: 80, protocol: 'http' }],
}

function inboundRoutes(...resources: readonly TestResource[]): unknown {
  const model = testModel()
  model.put(
    service('reviews', {
      selector: { app: 'reviews' },
      ports: [
        { name: 'http', port: 80 },
        { name: 'tcp', port: 90 },
      ],
    }),
  )
  model.put(...resources)
  return translateInbound({ model: model.current, policies: indexPolicies(model.current) }, subject).routes
}

const cors = (filter: object): object => ({
  filters: [{ type: 'CORS', cors: filter }],
  backendRefs: [backend('reviews')],
})
const at = (value: string, more: object = {}): object => ({ matches: [{ path: { value }, ...more }] })

describe('the CORS filter of an HTTPRoute', () => {
  test('goes to the workloads of its service, among the matches that go before it, and ends with its port', () => {
    const origins = { allowOrigins: ['https://*.example.com', '*'], allowMethods: ['*'], allowCredentials: true }
    const route = httpRoute('a', 'reviews', [
      { ...cors(origins), ...at('/a') },
      { backendRefs: [backend('v1')], ...at('/a/b') },
    ])
    expect(inboundRoutes(route)).toMatchObject([
      { name: 'default/a/rules[1]', servicePorts: [80], match: { path: { pathSeparatedPrefix: '/a/b' } } },
      {
        name: 'default/a/rules[0]',
        match: { path: { pathSeparatedPrefix: '/a' } },
        cors: {
          allowOrigins: [{ regex: 'https://.+\\.example\\.com' }, { exact: '*' }],
          allowMethods: ['*'],
          allowCredentials: true,
          maxAgeMs: 5_000,
          forwardNotMatchingPreflights: false,
        },
      },
      { name: 'others', servicePorts: [80], match: {} },
    ])
  })

  test('holds for the question about a method as for the method', () => {
    const route = httpRoute('a', 'reviews', [{ ...cors({}), ...at('/', { method: 'PUT' }) }])
    expect(inboundRoutes(route)).toMatchObject([
      { match: { headers: [{ name: ':method', stringMatch: { exact: 'PUT' } }] } },
      { match: { headers: [{ stringMatch: { exact: 'OPTIONS' } }, { stringMatch: { exact: 'PUT' } }] } },
      {},
    ])
  })

  test('says nothing where there is none, where it is for callers elsewhere, and where the route is of another port', () => {
    expect(inboundRoutes(httpRoute('a', 'reviews', [{ backendRefs: [backend('v1')] }]))).toBeUndefined()
    expect(inboundRoutes(httpRoute('shop/a', 'reviews', [cors({})], { namespace: 'default' }))).toBeUndefined()
    expect(inboundRoutes(httpRoute('a', 'reviews', [cors({})], { sectionName: 'tcp' }))).toBeUndefined()
  })
})

describe('origins', () => {
  test.each([
    ['https://a.com', 'https://a.com', true],
    ['https://a.com', 'http://a.com', false],
    ['https://a.com', 'https://a.com:8443', false],
    ['https://a.com', 'https://axcom', false],
    ['https://*.a.com', 'https://b.a.com', true],
    ['https://*.a.com', 'https://c.b.a.com', true],
    ['https://*.a.com', 'https://a.com', false],
    ['https://*.a.com', 'https://.a.com', false],
    ['https://*.a.com', 'https://b.axcom', false],
    ['https://*.a.com', 'https://b.a.com:8443', false],
    ['https://*.a.com:8443', 'https://b.a.com:8443', true],
    ['https://*.a.com', 'https://b.a.com.evil', false],
    ['*', 'null', true],
  ])('%s for %s: %s', (allow, origin, match) => {
    const matcher = originMatcher(allow)
    const matched =
      'exact' in matcher
        ? ['*', origin].includes(matcher.exact)
        : 'regex' in matcher && new RegExp(`^(?:${matcher.regex})$`).test(origin)
    expect(matched).toBe(match)
  })
})
