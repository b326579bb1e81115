import type { ControlApi } from './control-api.ts'

/** What an instance says of the calls of gRPC that it has served. */
export interface GrpcCalls {
  readonly total: number
  /** By the number of their status, as `grpc_response_status` has it. */
  readonly statuses: ReadonlyMap<string, number>
  /** Identities, as certificates proved them. */
  readonly callers: ReadonlySet<string>
  /** `mutual_tls` where that is how they came. */
  readonly security: ReadonlySet<string>
}

const SERIES = /^istio_requests_total\{(.*)\} (\d+)$/gm
const LABEL = /(\w+)="([^"]*)"/g

/** From Istio's metrics of a service's only instance, at its admin port. */
export async function grpcCallsOf(api: ControlApi, service: string): Promise<GrpcCalls> {
  const target = await api.metricsTarget(service)
  const text = await (await fetch(`http://${target}/metrics`, { signal: AbortSignal.timeout(5_000) })).text()
  const statuses = new Map<string, number>()
  const callers = new Set<string>()
  const security = new Set<string>()
  let total = 0
  for (const [, labelText = '', value] of text.matchAll(SERIES)) {
    const labels = Object.fromEntries(Array.from(labelText.matchAll(LABEL), ([, name, of]) => [name, of]))
    if (labels.reporter !== 'destination' || labels.request_protocol !== 'grpc') continue
    const status = labels.grpc_response_status ?? ''
    statuses.set(status, (statuses.get(status) ?? 0) + Number(value))
    callers.add(labels.source_principal ?? '')
    security.add(labels.connection_security_policy ?? '')
    total += Number(value)
  }
  return { total, statuses, callers, security }
}

/** 0 is OK; a caller that is killed leaves its last calls CANCELLED (1). */
const FINE = new Set(['0', '1'])

/** What is wrong with the calls of a service that only one caller may call; empty: nothing. */
export function wrongOf({ total, statuses, callers, security }: GrpcCalls, caller: RegExp): string {
  if (total === 0) return 'nobody has called over gRPC'
  const bad = [...statuses.keys()].filter((status) => !FINE.has(status))
  if (bad.length > 0) return `calls ended with status ${bad.join(', ')}`
  const strangers = [...callers].filter((name) => !caller.test(name))
  if (strangers.length > 0) return `called by ${strangers.join(', ')}`
  return [...security].join() === 'mutual_tls' ? '' : `called over ${[...security].join(', ')}`
}
