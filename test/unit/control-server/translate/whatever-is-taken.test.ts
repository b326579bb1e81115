import { validateResource as validateWire } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { ConfigResource } from '../../../../packages/control-server/src/config/resource.ts'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'
import { policyHosts } from '../../../../packages/control-server/src/registry/policy-hosts.ts'
import { expectedState } from '../../../support/expected-state.ts'
import { FULL_CLUSTERS } from '../../../support/full-clusters.ts'
import { FULL_HOSTS } from '../../../support/full-hosts.ts'
import { FULL_ROUTES } from '../../../support/full-routes.ts'
import { FULL_SECURITY } from '../../../support/full-security.ts'
import type { HeldHosts } from '../../../support/simulated-client.ts'
import { testNode } from '../../../support/simulated-client.ts'
import { destinationRule, service, testModel, virtualService } from '../../../support/test-model.ts'
import { resource } from '../config/resources.ts'

const OTHERS: readonly unknown[] = [null, 7, 'a', [], {}]
const TEXTS: readonly unknown[] = ['', 'a b', '0s', '9999999999s', '*', '%%', '\r\n', '1.1.1.1']
const NUMBERS: readonly unknown[] = [0, -1, 0.5, 2 ** 31 - 1, 2 ** 32 - 1]
const KEYS = ['', 'a b', '__proto__']

/** The value with each of its parts left out, named otherwise, or something else. */
function* brokenCopies(value: unknown): Generator<unknown> {
  yield* OTHERS
  if (typeof value === 'string') yield* TEXTS
  if (typeof value === 'number') yield* NUMBERS
  if (Array.isArray(value)) {
    yield [...value, ...value]
    for (const [index, part] of value.entries()) for (const each of brokenCopies(part)) yield value.with(index, each)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) {
      const rest = Object.entries(value).filter(([other]) => other !== key)
      yield Object.fromEntries(rest)
      for (const name of KEYS) yield Object.fromEntries([...rest, [name, part]])
      for (const each of brokenCopies(part)) yield { ...value, [key]: each }
    }
  }
}

const NODES = [testNode({ id: 'w0', service: 'a', labels: { tier: 'front' } }), testNode({ namespace: 'other' })]

/** What every client would be sent, with the resource in a mesh of two services. */
function* sent(taken: ConfigResource): Generator<object> {
  const model = testModel()
  const labels = { version: 'v1', tier: 'front' }
  model.register({ w0: { service: 'a', labels: { app: 'a', ...labels } }, w1: { service: 'b', labels } })
  model.put(
    service('t', { ports: [{ name: 'tcp', port: 80 }] }),
    destinationRule('b', { host: 'b', subsets: [{ name: 'v1', labels: { version: 'v1' } }] }),
    virtualService('dd', { http: [{ route: [{ destination: { host: 'a' } }] }] }),
  )
  model.put(taken)
  const { services, addresses } = model.current
  const hosts = new Set([...services.keys(), ...addresses.keys(), ...policyHosts(taken, 'cluster.local')])
  for (const node of NODES) {
    for (const [key, content] of expectedState(model.current, node, hosts)) yield wireResource(key, content)
  }
  model.remove(taken)
}

function wireResource(key: string, content: unknown): object {
  const [type = '', name = ''] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)]
  if (content instanceof Map) return { type, name, version: '1', endpoints: [...content.values()] }
  if (type !== 'HostIndex') return { ...(content as object), version: '1' }
  const { hosts, outboundTrafficPolicy } = content as HeldHosts
  const policy = outboundTrafficPolicy === undefined ? {} : { outboundTrafficPolicy }
  return { type, name, version: '1', domain: 'cluster.local', hosts: [...hosts], ...policy }
}

const METADATA: Readonly<Record<string, object>> = {
  MeshConfig: { name: 'default', namespace: 'istio-system' },
  Service: { name: 's' },
}

describe('whatever is taken, clients take too', () => {
  test.each([...FULL_ROUTES, ...FULL_CLUSTERS, ...FULL_HOSTS, ...FULL_SECURITY])('%s (%#)', (kind, spec) => {
    const check = (given: unknown) => validateResource(resource(kind, given, METADATA[kind]))
    expect(check(spec).violations).toEqual([])
    for (const broken of [spec, ...brokenCopies(spec)]) {
      const { resource: taken, violations } = check(broken)
      if (taken === undefined || violations.length > 0) continue
      for (const each of sent(taken)) {
        const verdict = validateWire(JSON.parse(JSON.stringify(each)))
        if (!verdict.ok) expect.fail(`${JSON.stringify(verdict.error)} of ${JSON.stringify(broken)}`)
      }
    }
  })
})
