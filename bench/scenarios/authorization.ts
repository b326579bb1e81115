import { INBOUND_POLICY_NAME, type RbacCondition } from '@weft/mesh-protocol'
import type { AuthzRequest } from '../../packages/mesh-client/src/inbound/authz/authz-request.ts'
import { decide } from '../../packages/mesh-client/src/inbound/authz/decide.ts'
import { parseIp } from '../../packages/mesh-client/src/inbound/authz/ip-address.ts'
import { compileInboundRules } from '../../packages/mesh-client/src/inbound/inbound-rules.ts'
import { pathNormalizer } from '../../packages/mesh-client/src/inbound/path/normalize-path.ts'
import { fixed, table } from '../lib/table.ts'
import { timeTokens } from './tokens.ts'

/** Rules are visited in steps of this, so that no order of theirs helps. */
const STRIDE = 7919

interface Shape {
  readonly rule: (index: number) => RbacCondition
  /** A request that only this rule lets in. */
  readonly request: (index: number) => Partial<AuthzRequest>
}

const uri = (index: number): string => `spiffe://cluster.local/ns/team-${index}/sa/caller`
const path = (exact: string): RbacCondition => ({ urlPath: { exact } })
const method: RbacCondition = { header: { name: ':method', value: { exact: 'GET' } } }

/** As the control server translates them. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'paths and methods': {
    rule: (index) => ({ and: [method, path(`/api/items/${index}`)] }),
    request: (index) => ({ path: `/api/items/${index}` }),
  },
  'beginnings of paths, but not all': {
    rule: (index) => ({
      and: [{ urlPath: { prefix: `/teams/${index}/` } }, { not: path(`/teams/${index}/secret`) }],
    }),
    request: (index) => ({ path: `/teams/${index}/reviews` }),
  },
  'templates of paths': {
    rule: (index) => ({ uriTemplate: `/teams/${index}/{*}/files/{**}` }),
    request: (index) => ({ path: `/teams/${index}/reviews/files/a/b` }),
  },
  'templates that begin alike': {
    rule: (index) => ({ uriTemplate: `/{*}/team-${index}/{**}` }),
    request: (index) => ({ path: `/reviews/team-${index}/a/b` }),
  },
  principals: {
    rule: (index) => ({ and: [{ authenticated: { exact: uri(index) } }, path('/api'), method] }),
    request: (index) => ({ peerUri: uri(index), path: '/api' }),
  },
  namespaces: {
    rule: (index) => ({ authenticated: { regex: `.*/ns/team-${index}/.*` } }),
    request: (index) => ({ peerUri: uri(index) }),
  },
  'service accounts of one namespace': {
    rule: (index) => ({ authenticated: { regex: `spiffe://.+/ns/shop/(.+/|)sa/caller-${index}(/.+)?` } }),
    request: (index) => ({ peerUri: `spiffe://cluster.local/ns/shop/sa/caller-${index}` }),
  },
  'blocks of addresses': {
    rule: (index) => ({ directRemoteIp: { addressPrefix: `10.${index >> 8}.${index & 255}.0`, prefixLen: 24 } }),
    request: (index) => ({ directRemoteIp: parseIp(`10.${index >> 8}.${index & 255}.7`) }),
  },
  claims: {
    rule: (index) => ({ jwtClaim: { path: ['groups'], value: { exact: `group-${index}` } } }),
    request: (index) => ({
      token: { issuer: 'i', subject: 's', claims: { groups: ['all', `group-${index}`] }, spaceDelimited: [] },
    }),
  },
  'ends of paths': {
    rule: (index) => ({ urlPath: { suffix: `/item-${index}` } }),
    request: (index) => ({ path: `/shops/7/item-${index}` }),
  },
  'negations, one shared by all': {
    rule: (index) => ({ and: [{ not: path(`/api/items/${index}`) }, { not: method }] }),
    request: () => ({ path: '/api' }),
  },
  'negations, two shared by all': {
    rule: (index) => ({ and: [{ not: path(`/api/items/${index}`) }, { not: path('/api') }, { not: method }] }),
    request: () => ({ path: '/other' }),
  },
  'negations, none shared, all bar': {
    rule: (index) => ({ not: { urlPath: { prefix: '/'.repeat(index + 1) } } }),
    request: () => ({ path: '/'.repeat(1_000) }),
  },
}

const NOTHING: AuthzRequest = {
  peerUri: undefined,
  directRemoteIp: undefined,
  remoteIp: undefined,
  destinationIp: undefined,
  destinationPort: 80,
  sni: undefined,
  path: '/',
  token: undefined,
  header: (name) => (name === ':method' ? 'GET' : undefined),
}

export interface AuthorizationScale {
  readonly sizes: readonly number[]
  readonly requests: number
}

/** What deciding on a request costs, by how many rules there are. */
export async function benchAuthorization({ sizes, requests }: AuthorizationScale): Promise<string> {
  const rows = Object.entries(SHAPES).map(([name, shape]) => {
    const cells = sizes.map((size) => {
      const { decideOn, asked } = compile(shape, size)
      const holds = !name.startsWith('negations')
      const count = name.endsWith('all bar') ? Math.ceil(requests / 20) : requests
      const times = timed(count, holds ? count : 0, (at) => decideOn(asked[at % size] as AuthzRequest))
      return `${microseconds(times, 0.5)} / ${microseconds(times, 0.99)}`
    })
    return [name, ...cells]
  })
  const normalize = pathNormalizer('MERGE_SLASHES')
  const paths: readonly (readonly [string, string])[] = [
    ['nothing to do', '/reviews/7/comments?page=2'],
    ['dot segments, escapes, slashes', '/reviews//7/../%61/./comments\\x?page=2'],
  ]
  const normalized = paths.map(([name, text]) => {
    const times = timed(requests, requests, () => normalize(text) !== undefined)
    return [name, `${microseconds(times, 0.5)} / ${microseconds(times, 0.99)}`]
  })
  const tokens = Object.entries(await timeTokens(requests)).map(([name, times]) => [
    name,
    `${microseconds(times, 0.5)} / ${microseconds(times, 0.99)}`,
  ])
  return [
    table(['µs to decide, p50 / p99; rules:', ...sizes.map(String)], rows),
    'A request of which no rule can be left out is the worst there is. Paths are brought to one form before:',
    table(['normalizing a path', 'µs, p50 / p99'], normalized),
    'And a token is proven, once as long as it is remembered:',
    table(['a JWT of a request', 'µs, p50 / p99'], tokens),
  ].join('\n\n')
}

function compile(shape: Shape, size: number) {
  const rules = Array.from({ length: size }, (_, index) => shape.rule(index))
  const compiled = compileInboundRules({
    type: 'InboundPolicy',
    name: INBOUND_POLICY_NAME,
    version: '1',
    services: [],
    authorization: { allow: [{ name: 'default/bench', rules }] },
  })
  if (!compiled.ok || compiled.value.authorization === undefined) throw new Error(JSON.stringify(compiled))
  const { rbac } = compiled.value.authorization
  const asked = Array.from({ length: size }, (_, index) => ({ ...NOTHING, ...shape.request((index * STRIDE) % size) }))
  return { asked, decideOn: (request: AuthzRequest): boolean => decide(rbac, request).allowed }
}

/** Ascending nanoseconds of each, after a round that is not counted. */
function timed(requests: number, expected: number, act: (at: number) => boolean): Float64Array {
  const times = new Float64Array(requests)
  for (let round = 0; round < 2; round++) {
    let held = 0
    for (let at = 0; at < requests; at++) {
      const begin = process.hrtime.bigint()
      if (act(at)) held++
      times[at] = Number(process.hrtime.bigint() - begin)
    }
    if (held !== expected) throw new Error(`${held} of ${requests} held instead of ${expected}`)
  }
  return times.sort()
}

const microseconds = (times: Float64Array, share: number): string =>
  fixed((times[Math.floor(times.length * share)] as number) / 1000, 1)
