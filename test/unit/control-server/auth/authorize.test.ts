import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Action } from '../../../../packages/control-server/src/auth/action.ts'
import { authorize } from '../../../../packages/control-server/src/auth/authorize.ts'
import type { Caller, WorkloadCaller } from '../../../../packages/control-server/src/auth/caller.ts'

const anonymous: Caller = { kind: 'anonymous' }
const viewer: Caller = { kind: 'api', name: 'token/v', role: 'viewer' }
const operator: Caller = { kind: 'api', name: 'token/o', role: 'operator' }
const narrow: Caller = { kind: 'api', name: 'token/n', role: 'operator', namespaces: ['default', 'istio-system'] }
const admin: Caller = { kind: 'api', name: 'token/a', role: 'admin' }
const reviews: WorkloadCaller = {
  kind: 'workload',
  name: 'token/j',
  via: 'token',
  tokenId: 'j',
  namespace: 'default',
  serviceAccount: 'reviews',
}
const deployer: WorkloadCaller = { ...reviews, grant: { role: 'operator', namespaces: ['default'] } }

const callers = { anonymous, viewer, operator, narrow, admin, reviews, deployer }
type Name = keyof typeof callers

const read: Action = { kind: 'read' }
const write: Action = { kind: 'write' }
const to = (namespace?: string): Action => ({ kind: 'write-to', namespace })
const administer: Action = { kind: 'administer' }
const certificate: Action = { kind: 'get-certificate' }
const stream = (node: object = {}): Action => ({
  kind: 'open-stream',
  node: { namespace: 'default', serviceAccount: 'reviews', service: 'reviews', ...node },
})
const message = (opener: Caller): Action => ({ kind: 'send-message', opener })
const actAs = (namespace: string, serviceAccount: string): Action => {
  return { kind: 'act-as', registered: { namespace, serviceAccount } }
}

/** Who may; everybody else may not. */
const TABLE: readonly [what: string, action: Action, allowed: readonly Name[]][] = [
  ['read', read, ['anonymous', 'viewer', 'operator', 'narrow', 'admin', 'deployer']],
  ['write something', write, ['anonymous', 'operator', 'narrow', 'admin', 'deployer']],
  ['write to its namespace', to('default'), ['anonymous', 'operator', 'narrow', 'admin', 'deployer']],
  ['write to another namespace', to('other'), ['anonymous', 'operator', 'admin']],
  ['write to the root namespace', to('istio-system'), ['anonymous', 'operator', 'admin']],
  ['write what has no namespace', to(), ['anonymous', 'operator', 'admin']],
  ['administer', administer, ['anonymous', 'admin']],
  ['get a certificate', certificate, ['reviews', 'deployer']],
  ['take part', { kind: 'take-part' }, ['anonymous', 'admin', 'reviews', 'deployer']],
  ['look around', { kind: 'look-around' }, Object.keys(callers) as Name[]],
  ['open a stream as reviews', stream(), ['anonymous', 'admin', 'reviews', 'deployer']],
  ['open one as ratings', stream({ serviceAccount: 'ratings' }), ['anonymous', 'admin']],
  ['open one in another namespace', stream({ namespace: 'other' }), ['anonymous', 'admin']],
  ['speak for reviews', message(reviews), ['anonymous', 'admin', 'reviews', 'deployer']],
  ['speak for another token', message({ ...reviews, tokenId: 'k' }), ['anonymous', 'admin']],
  ['speak for a stream of nobody', message(anonymous), ['anonymous', 'admin']],
  ['act as reviews', actAs('default', 'reviews'), ['anonymous', 'admin', 'reviews', 'deployer']],
  ['act as ratings', actAs('default', 'ratings'), ['anonymous', 'admin']],
]

describe.each(TABLE)('to %s', (_, action, allowed) => {
  test.each(Object.keys(callers) as Name[])('%s', (name) => {
    const refusal = authorize(callers[name], action)
    if (allowed.includes(name)) expect(refusal).toBeUndefined()
    else expect([401, 403]).toContain(refusal?.code)
  })
})

test('a refusal says who it is, what it takes, and for a certificate what to present', () => {
  expect(authorize(viewer, administer)?.message).toContain('role viewer, and this takes admin')
  expect(authorize(narrow, to('other'))?.message).toContain(
    'may write in default, istio-system, not the namespace other',
  )
  expect(authorize(reviews, read)?.message).toContain('default/reviews is a workload')
  expect(authorize(anonymous, certificate)).toMatchObject({ code: 401, message: expect.stringContaining('join token') })
})

test('a message counts as of the same holder when the certificate has been renewed meanwhile, and of no other', () => {
  const before: Caller = { ...reviews, via: 'certificate', name: 'certificate/01' }
  const after: Caller = { ...reviews, via: 'certificate', name: 'certificate/02' }
  expect(authorize(after, message(before))).toBeUndefined()
  expect(authorize({ ...after, serviceAccount: 'ratings' }, message(before))?.code).toBe(403)
})

describe('a registration', () => {
  const register = (registration: object = {}, remoteAddress = '10.0.0.7'): Action => ({
    kind: 'register',
    registration: {
      namespace: 'default',
      serviceAccount: 'reviews',
      service: 'reviews',
      address: '10.0.0.7',
      selectedBy: [],
      ...registration,
    },
    remoteAddress,
    hostAddresses: ['192.168.1.5'],
  })
  const limited: Caller = { ...reviews, services: ['reviews', 'reviews-admin'], addresses: ['172.16.0.0/12'] }

  test.each<[string, Caller, Action, string | undefined]>([
    ['of itself', reviews, register(), undefined],
    ['for any service of its namespace without a list', reviews, register({ service: 'other' }), undefined],
    ['for a service of the list', limited, register({ service: 'reviews-admin' }), undefined],
    ['for a service that is not in it', limited, register({ service: 'ratings' }), 'not for ratings'],
    ['with labels that make it another service', limited, register({ selectedBy: ['reviews', 'pay'] }), 'not for pay'],
    ['in another namespace', reviews, register({ namespace: 'other' }), 'may not register as other/reviews'],
    ['of another service account', reviews, register({ serviceAccount: 'pay' }), 'may not register as default/pay'],
    ['at an address of somebody else', reviews, register({ address: '10.0.0.8' }), 'not an address of this workload'],
    ['within the ranges of its token', limited, register({ address: '172.20.3.4' }), undefined],
    ['at a host name', limited, register({ address: 'reviews.example' }), 'not an address of this workload'],
    ['by an admin, whatever it says', admin, register({ namespace: 'other', address: '1.1.1.1' }), undefined],
    ['by a viewer', viewer, register(), 'takes admin'],
  ])('%s', (_, caller, action, refusal) => {
    const refused = authorize(caller, action)
    if (refusal === undefined) expect(refused).toBeUndefined()
    else expect(refused).toMatchObject({ code: 403, message: expect.stringContaining(refusal) })
  })
})

test('a stream is for a service of the token, or for none', () => {
  const limited: Caller = { ...reviews, services: ['reviews'] }
  expect(authorize(limited, stream())).toBeUndefined()
  expect(authorize(limited, stream({ service: '' }))).toBeUndefined()
  expect(authorize(limited, stream({ service: 'ratings' }))?.code).toBe(403)
})

test('whatever a workload asks for, it never administers and never writes without a grant', () => {
  const namespaces = fc.constantFrom('default', 'other', 'istio-system', undefined)
  fc.assert(
    fc.property(namespaces, fc.constantFrom('default', 'istio-system'), (namespace, own) => {
      const caller: Caller = { ...reviews, namespace: own }
      expect(authorize(caller, to(namespace))?.code).toBe(403)
      expect(authorize(caller, administer)?.code).toBe(403)
      expect(authorize(caller, read)?.code).toBe(403)
    }),
  )
})
