import type { Socket } from 'node:net'
import type { Cluster, Endpoint, HealthCheck } from '@weft/mesh-protocol'
import type { HealthCheckOutcome } from '../../kernel/recorder.ts'
import type { Timers } from '../../kernel/timers.ts'
import type { Connectors } from '../outbound/connectors.ts'
import { checkGrpc } from './grpc-check.ts'
import { checkHttp } from './http-check.ts'

/** One check: what is asked of whom. */
export interface CheckTarget {
  readonly endpoint: Endpoint
  readonly check: HealthCheck
  readonly cluster: Cluster
}

export interface EndpointChecker {
  /** Never rejects. */
  check(target: CheckTarget): Promise<HealthCheckOutcome>
  /** Breaks off the checks under way. */
  close(): void
}

/**
 * Asks endpoints whether they are well, each time over a connection of its own, which is made as the cluster's are (with
 * its TLS) and does not keep the process alive.
 */
export function createEndpointChecker(connectors: Connectors, timers: Timers): EndpointChecker {
  const underWay = new Set<() => void>()
  const check = (target: CheckTarget): Promise<HealthCheckOutcome> =>
    new Promise((resolve) => {
      let socket: Socket | undefined
      let open = true
      const settle = (outcome: HealthCheckOutcome): void => {
        if (!open) return
        open = false
        timers.clear(timer)
        underWay.delete(breakOff)
        resolve(outcome)
        socket?.destroy()
      }
      const breakOff = (): void => settle('unreachable')
      underWay.add(breakOff)
      const timer = timers.set(() => settle('timeout'), target.check.timeoutMs)
      openSocket(connectors, target, (error, made) => {
        if (made === null || error !== null) return settle('unreachable')
        if (!open) return void made.destroy()
        socket = made.unref()
        made.on('error', () => settle('unreachable'))
        ask(target, made).then(settle, () => settle('unreachable'))
      })
    })
  return {
    check,
    close() {
      for (const breakOff of [...underWay]) breakOff()
    },
  }
}

function ask(target: CheckTarget, socket: Socket): Promise<HealthCheckOutcome> {
  const { check } = target.check
  if ('http' in check) return checkHttp(check.http, authorityOf(target, check.http.host), socket)
  if ('grpc' in check) {
    const scheme = usesOriginatedTls(target.cluster) ? 'https' : 'http'
    return checkGrpc(check.grpc, `${scheme}://${authorityOf(target)}`, socket)
  }
  return Promise.resolve('passed')
}

/** What the endpoint sees as the host: the service's name, as in calls that name it whole. */
function authorityOf({ cluster }: CheckTarget, host?: string): string {
  return host ?? `${cluster.service.host}:${cluster.port}`
}

function openSocket(
  connectors: Connectors,
  { endpoint, check, cluster }: CheckTarget,
  done: (error: Error | null, socket: Socket | null) => void,
): void {
  const port = check.port ?? endpoint.port
  const offer = 'grpc' in check.check ? 'h2' : 'http/1.1'
  const mesh = connectors.meshTls(cluster, endpoint)
  const connector =
    mesh === undefined ? connectors.for(cluster, offer) : connectors.forMesh(mesh, cluster, offer, () => undefined)
  const opening: unknown = connector(
    {
      hostname: endpoint.address,
      host: `${endpoint.address}:${port}`,
      protocol: usesOriginatedTls(cluster) ? 'https:' : 'http:',
      port: String(port),
      servername: cluster.tls?.sni ?? cluster.service.host,
    },
    (...[error, socket]) => done(error, socket),
  )
  // undici's connector gives the socket back at once, though its type does not say so.
  if (hasUnref(opening)) opening.unref()
}

/** Mutual TLS of the mesh is below what is spoken, and shows in no scheme. */
function usesOriginatedTls({ tls }: Cluster): boolean {
  return tls !== undefined && tls.mode !== 'ISTIO_MUTUAL'
}

function hasUnref(value: unknown): value is { unref(): void } {
  return typeof value === 'object' && value !== null && 'unref' in value
}
