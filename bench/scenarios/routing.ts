import {
  DEFAULT_RETRY_POLICY,
  type HostIndex,
  type PathMatcher,
  type Route,
  type RouteConfiguration,
} from '@weft/mesh-protocol'
import { Origins } from '../../packages/mesh-client/src/http/outbound/origins.ts'
import { compileRouteConfiguration } from '../../packages/mesh-client/src/routing/compile-routes.ts'
import { createHostTable } from '../../packages/mesh-client/src/routing/host-table.ts'
import { EMPTY_VIEW, type PolicySource } from '../../packages/mesh-client/src/routing/policy-view.ts'
import type { RouteRequest, RouteTable } from '../../packages/mesh-client/src/routing/route-table.ts'
import { median } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'

const PORT = 80
/** Paths are visited in steps of this, so that no order of theirs helps. */
const STRIDE = 7919
const HOST = 'api.default.svc.cluster.local'

/** A route for each number, and a path that only it takes. */
const SHAPES: Readonly<Record<string, (index: number) => { readonly path: PathMatcher; readonly asked: string }>> = {
  'exact paths': (index) => ({ path: { exact: `/api/items/${index}` }, asked: `/api/items/${index}?page=2` }),
  prefixes: (index) => ({ path: { prefix: `/teams/${index}/` }, asked: `/teams/${index}/reviews/7` }),
  regexes: (index) => ({ path: { regex: `/teams/${index}/[a-z]+` }, asked: `/teams/${index}/reviews` }),
}

export interface RoutingScale {
  readonly sizes: readonly number[]
  readonly requests: number
  readonly rounds: number
}

/** What finding the route of a request costs, by how many routes and hosts there are. */
export function benchRouting({ sizes, requests, rounds }: RoutingScale): string {
  const rows = Object.entries(SHAPES).map(([name, shape]) => {
    const cells = sizes.map((size) => {
      const compiled = compile(Array.from({ length: size }, (_, index) => shape(index).path))
      const asked = Array.from({ length: size }, (_, index) => request(shape((index * STRIDE) % size).asked))
      const routes = compiled.forPort(PORT)
      return nanoseconds(requests, rounds, (at) => routes?.match(asked[at % size] as RouteRequest) !== undefined)
    })
    return [`routes of ${name}`, ...cells]
  })
  const hosts = sizes.map((size) => {
    const origins = new Origins(policyOf(size))
    const asked = Array.from({ length: size }, (_, index) => `http://service-${(index * STRIDE) % size}`)
    return nanoseconds(requests, rounds, (at) => origins.resolve(asked[at % size] as string).kind === 'served')
  })
  const builds = Object.entries(SHAPES).map(([name, shape]) => {
    const cells = sizes.map((size) => {
      const paths = Array.from({ length: size }, (_, index) => shape(index).path)
      return fixed(median(Array.from({ length: rounds }, () => millisecondsOf(() => compile(paths)))), 1)
    })
    return [`routes of ${name}`, ...cells]
  })
  return [
    table(['nanoseconds to find', ...sizes.map(String)], [...rows, ['the routes of a host', ...hosts]]),
    'A host whose routes come or change holds the event loop while all of them are compiled:',
    table(['milliseconds to compile', ...sizes.map(String)], builds),
  ].join('\n\n')
}

function millisecondsOf(work: () => void): number {
  const begin = performance.now()
  work()
  return performance.now() - begin
}

function compile(paths: readonly PathMatcher[], name = HOST): RouteTable {
  const routes = paths.map(
    (path, index): Route => ({
      name: String(index),
      match: { path },
      route: { clusters: [{ cluster: 'c', weight: 1 }], timeoutMs: 0, retryPolicy: DEFAULT_RETRY_POLICY },
    }),
  )
  const virtualHosts = [{ name, port: PORT, routes }]
  const config: RouteConfiguration = { type: 'RouteConfiguration', name, version: '1', virtualHosts }
  const compiled = compileRouteConfiguration(config)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
  return compiled.value
}

function request(path: string): RouteRequest {
  return { method: 'GET', scheme: 'http', authority: 'api', path, header: () => undefined }
}

function policyOf(size: number): PolicySource {
  const hosts = Array.from({ length: size }, (_, index) => `service-${index}.default.svc.cluster.local`)
  const index: HostIndex = { type: 'HostIndex', name: 'hosts', version: '1', domain: 'cluster.local', hosts }
  const current = {
    ...EMPTY_VIEW,
    hosts: createHostTable(index, 'default'),
    routes: new Map(hosts.map((host) => [host, compile([{ prefix: '/' }], host)])),
  }
  return { current, follow: () => undefined, onChange: () => () => undefined }
}

/** The median of some rounds, after one that is not counted. */
function nanoseconds(requests: number, rounds: number, find: (at: number) => boolean): string {
  const times: number[] = []
  for (let round = -1; round < rounds; round++) {
    const begin = performance.now()
    let found = 0
    for (let at = 0; at < requests; at++) if (find(at)) found++
    const tookMs = performance.now() - begin
    if (found !== requests) throw new Error(`${requests - found} of ${requests} found nothing`)
    if (round >= 0) times.push((tookMs * 1e6) / requests)
  }
  return fixed(median(times), 0)
}
