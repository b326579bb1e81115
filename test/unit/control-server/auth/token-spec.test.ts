import { describe, expect, test } from 'vitest'
import { parseRoleBinding } from '../../../../packages/control-server/src/auth/role-bindings.ts'
import { parseTokenSpec } from '../../../../packages/control-server/src/auth/token-spec.ts'

const join = { namespace: 'default', serviceAccount: 'reviews' }

describe('a token', () => {
  test.each([
    join,
    { ...join, services: ['reviews'], addresses: ['10.0.0.0/8', '::1'], ttlMs: 1_000, uses: 1 },
    { ...join, serviceAccount: 'team.reviews' },
    { role: 'viewer' },
    { role: 'operator', namespaces: ['default'], ttlMs: 60_000 },
    { namespace: 'istio-system', serviceAccount: 'gateway' },
  ])('is made from %j', (spec) => {
    expect(parseTokenSpec(spec)).toEqual({ ok: true, value: spec })
  })

  test.each<[unknown, string, string]>([
    [undefined, '', 'must be a JSON object'],
    [[], '', 'must be a JSON object'],
    [{}, 'namespace', 'is required'],
    [{ namespace: 'default' }, 'serviceAccount', 'is required'],
    [{ ...join, namespace: 'Default' }, 'namespace', 'must be a DNS label'],
    [{ ...join, serviceAccount: '../admin' }, 'serviceAccount', 'must be a name'],
    [{ namespace: 'istio-system', serviceAccount: 'weft-control-server' }, 'serviceAccount', 'the control server'],
    [{ ...join, services: [] }, 'services', '1 to 100'],
    [{ ...join, services: 'reviews' }, 'services', '1 to 100'],
    [{ ...join, services: ['reviews', 'a/b'] }, 'services', 'item 1 must be a DNS label'],
    [{ ...join, addresses: ['reviews.example'] }, 'addresses', 'item 0 must be a CIDR range'],
    [{ ...join, addresses: ['10.0.0.0/99'] }, 'addresses', 'item 0 must be a CIDR range'],
    [{ ...join, ttlMs: 0 }, 'ttlMs', 'whole number from 1000'],
    [{ ...join, ttlMs: 1e15 }, 'ttlMs', 'whole number from 1000'],
    [{ ...join, uses: 0 }, 'uses', 'whole number from 1'],
    [{ ...join, uses: 1.5 }, 'uses', 'whole number from 1'],
    [{ ...join, secretHash: 'x' }, 'secretHash', 'is not known here'],
    [{ ...join, used: 5 }, 'used', 'is not known here'],
    [{ ...join, constructor: 'x' }, 'constructor', 'is not known here'],
    [{ role: 'root' }, 'role', 'must be one of viewer, operator, admin'],
    [{ role: 'admin', namespace: 'default' }, 'namespace', 'is not known here'],
    [{ role: 'admin', namespaces: ['default'] }, 'namespaces', 'limits operators only'],
    [{ role: 'operator', namespaces: ['istio-system'] }, 'namespaces', 'must not be istio-system'],
  ])('is not made from %j', (spec, field, message) => {
    expect(parseTokenSpec(spec)).toEqual({
      ok: false,
      error: expect.arrayContaining([{ field, message: expect.stringContaining(message) }]),
    })
  })
})

describe('a role', () => {
  const identities = ['spiffe://cluster.local/ns/ci/sa/deployer']
  test('is given to identities', () => {
    const binding = { role: 'operator', namespaces: ['default'], identities }
    expect(parseRoleBinding(binding)).toEqual({ ok: true, value: binding })
  })

  test.each<[object, string]>([
    [{ role: 'viewer' }, 'identities'],
    [{ identities }, 'role'],
    [{ role: 'viewer', identities: [] }, 'identities'],
    [{ role: 'viewer', identities: ['*'] }, 'identities'],
    [{ role: 'viewer', identities: ['spiffe://cluster.local/ns/ci'] }, 'identities'],
    [{ role: 'viewer', identities, ttlMs: 5_000 }, 'ttlMs'],
  ])('is not given by %j', (binding, field) => {
    expect(parseRoleBinding(binding)).toEqual({ ok: false, error: [expect.objectContaining({ field })] })
  })
})
