import { describe, expect, test } from 'vitest'
import {
  gatewayGoesFirst,
  type RivalVirtualService,
} from '../../../../../packages/control-server/src/translate/gateway/rank.ts'

const HOST = 'reviews.default.svc.cluster.local'
const owner = { kind: 'HTTPRoute', name: 'a', namespace: 'default', createdAt: '2026-01-02T00:00:00Z' }
const rival = {
  namespace: 'default',
  visibility: 'public' as const,
  createdAt: '2026-01-01T00:00:00Z',
  spec: { hosts: ['reviews'] },
}

describe('between an HTTPRoute and a VirtualService', () => {
  const first = (vs: Partial<RivalVirtualService>, client: string): boolean =>
    gatewayGoesFirst({ owner }, { ...rival, ...vs }, HOST, client, 'cluster.local')

  test('of a caller elsewhere the older goes first, in doubt the HTTPRoute', () => {
    expect(first({}, 'shop')).toBe(false)
    expect(first({ createdAt: '2026-01-02T00:00:00Z' }, 'shop')).toBe(true)
    expect(first({ createdAt: '2026-01-03T00:00:00Z' }, 'shop')).toBe(true)
  })

  test('the HTTPRoute of the namespace of the caller goes first, whatever its age', () => {
    expect(first({}, 'default')).toBe(true)
  })

  test('a VirtualService that is exported by name goes first, one that has the host by a wildcard last', () => {
    expect(first({ visibility: new Set(['shop']), createdAt: '2026-01-03T00:00:00Z' }, 'shop')).toBe(false)
    expect(first({ spec: { hosts: ['*.default.svc.cluster.local'] } }, 'shop')).toBe(true)
    expect(first({ visibility: new Set(['shop']), spec: { hosts: ['*'] } }, 'shop')).toBe(true)
  })
})
