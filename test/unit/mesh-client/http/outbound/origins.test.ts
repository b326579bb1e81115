import type { HostIndex } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { Origins } from '../../../../../packages/mesh-client/src/http/outbound/origins.ts'
import { createHostTable } from '../../../../../packages/mesh-client/src/routing/host-table.ts'
import { fakePolicy } from '../../../../support/outbound.ts'

const HOST = 'reviews.default.svc.cluster.local'

function origins(mode: HostIndex['outboundTrafficPolicy']) {
  const policy = fakePolicy()
  const index = { type: 'HostIndex', name: 'hosts', version: '1', domain: 'cluster.local', hosts: [HOST] } as const
  const hosts = createHostTable({ ...index, ...(mode === undefined ? {} : { outboundTrafficPolicy: mode }) }, 'default')
  policy.set({ hosts })
  return { origins: new Origins(policy), policy }
}

describe('a host outside of the mesh', () => {
  test.each(['http://api.example.com', 'https://10.0.0.1:8443', 'http://nobody'])(
    '%s passes, unless policy says no',
    (origin) => {
      expect(origins('ALLOW_ANY').origins.resolve(origin).kind).toBe('outside')
      expect(origins('REGISTRY_ONLY').origins.resolve(origin)).toMatchObject({ kind: 'blocked', table: undefined })
    },
  )

  test.each([
    'http://localhost:80',
    'http://127.0.0.1:3000',
    'http://127.9.9.9',
    'https://[::1]:1',
    'http://app.localhost',
  ])('%s is this machine, which always passes', (origin) => {
    expect(origins('REGISTRY_ONLY').origins.resolve(origin).kind).toBe('outside')
  })

  test.each(['http://128.0.0.1', 'http://localhost.example.com', 'http://127.0.0.1.example.com'])(
    '%s is not',
    (origin) => {
      expect(origins('REGISTRY_ONLY').origins.resolve(origin).kind).toBe('blocked')
    },
  )

  test('is not followed', () => {
    const made = origins('REGISTRY_ONLY')
    made.origins.resolve('http://api.example.com')
    expect([made.origins.resolve('http://reviews').kind, made.policy.followed]).toEqual(['following', [HOST]])
  })
})

test.each([
  ['https://reviews:8443', 'reviews'],
  ['http://reviews.default.svc.cluster.local', HOST],
  ['https://10.0.0.1:8443', undefined],
  ['https://[2001:db8::1]', undefined],
])('TLS of %s asks for %s: addresses are no names', (origin, expected) => {
  expect(origins('ALLOW_ANY').origins.resolve(origin).serverName).toBe(expected)
})
