import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS } from '../../packages/control-server/src/config/resource.ts'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { weft } from '../support/fake-terminal.ts'

const ROUTE = { parentRefs: [{ group: '', kind: 'Service', name: 'a' }] }
const BACKENDS = { rules: [{ backendRefs: [{ name: 'a', port: 80 }] }] }

/** The least that each kind takes. */
const SPECS: Readonly<Record<string, object>> = {
  Service: { ports: [{ port: 80 }] },
  VirtualService: { hosts: ['a'], http: [{ route: [{ destination: { host: 'a' } }] }] },
  DestinationRule: { host: 'a' },
  ServiceEntry: { hosts: ['a.example.com'] },
  WorkloadEntry: { address: '127.0.0.1' },
  WorkloadGroup: { template: {} },
  Sidecar: { egress: [{ hosts: ['./*'] }] },
  PeerAuthentication: { mtls: { mode: 'STRICT' } },
  RequestAuthentication: { jwtRules: [{ issuer: 'a' }] },
  AuthorizationPolicy: { rules: [{}] },
  HTTPRoute: ROUTE,
  GRPCRoute: { ...ROUTE, ...BACKENDS },
  TCPRoute: { ...ROUTE, ...BACKENDS },
  TLSRoute: { ...ROUTE, ...BACKENDS, hostnames: ['a.example.com'] },
  XBackendTrafficPolicy: { targetRefs: [{ group: '', kind: 'Service', name: 'a' }] },
  MeshConfig: {},
  LoadBalancer: { host: 'a' },
  CircuitBreaker: { host: 'a' },
  FaultInjection: { rules: [{ delay: { fixedDelay: '1s' } }] },
}

describe('every kind', () => {
  let server: ControlServer
  beforeAll(async () => {
    server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  })
  afterAll(() => server.close())

  const versions = KINDS.flatMap((info) => info.versions.map((version) => ({ ...info, version })))

  test.each(versions)('$kind $version is applied, shown and deleted', async ({ kind, group, version, plural }) => {
    const [name, namespace] = kind === 'MeshConfig' ? ['default', 'istio-system'] : ['a', 'default']
    const apiVersion = group === '' ? version : `${group}/${version}`
    const spec = SPECS[kind]
    if (spec === undefined) throw new Error(`there is no spec for the kind ${kind} here`)
    const on = ['--server', server.url, '-n', namespace]
    const run = (line: string, stdin = ''): ReturnType<typeof weft> => weft([...line.split(' '), ...on], { stdin })
    const applied = await run('apply -f -', JSON.stringify({ apiVersion, kind, metadata: { name, namespace }, spec }))
    expect(applied.out).toMatch(new RegExp(`${kind} +${namespace} +${name} +created`))
    const shown = await run(`get ${plural} ${name} -o json`)
    expect(JSON.parse(shown.out)).toMatchObject({ kind, metadata: { name, namespace }, spec })
    const base = `${server.url}/${group === '' ? 'api' : 'apis'}/${apiVersion}`
    const list = (await (await fetch(`${base}/namespaces/${namespace}/${plural}`)).json()) as { items: object[] }
    expect(list.items).toHaveLength(1)
    expect((await run(`delete ${kind.toLowerCase()} ${name}`)).code).toBe(0)
    expect((await run(`get ${plural} ${name}`)).code).toBe(1)
  })

  test('the one MeshConfig is the only one', async () => {
    const url = `${server.url}/apis/mesh.weft.dev/v1/namespaces/default/meshconfigs/mine`
    const headers = { 'content-type': 'application/json' }
    const refused = await fetch(url, { method: 'PUT', headers, body: '{"spec":{}}' })
    expect([refused.status, await refused.json()]).toMatchObject([
      422,
      { details: { causes: [{ field: 'metadata.name' }, { field: 'metadata.namespace' }] } },
    ])
  })
})
