import { DEFAULT_READINESS_PROBE, type ReadinessProbe } from '@weft/mesh-protocol'
import type { HttpHealthCheckSpec, ReadinessProbeSpec } from '../config/spec/workload-group.ts'

/** A WorkloadGroup's probe; 0 says nothing (Istio `health_probers`, `fillInDefaults`). `undefined`: it tries nothing. */
export function readinessProbe(spec: ReadinessProbeSpec): ReadinessProbe | undefined {
  const check = checkOf(spec)
  if (check === undefined) return undefined
  const { initialDelaySeconds, periodSeconds, timeoutSeconds, successThreshold, failureThreshold } = spec
  const defaults = DEFAULT_READINESS_PROBE
  return {
    initialDelayMs: (initialDelaySeconds ?? 0) * 1000 || defaults.initialDelayMs,
    periodMs: (periodSeconds ?? 0) * 1000 || defaults.periodMs,
    timeoutMs: (timeoutSeconds ?? 0) * 1000 || defaults.timeoutMs,
    successThreshold: (successThreshold ?? 0) || defaults.successThreshold,
    failureThreshold: (failureThreshold ?? 0) || defaults.failureThreshold,
    check,
  }
}

function checkOf({ httpGet, tcpSocket, exec, grpc }: ReadinessProbeSpec): ReadinessProbe['check'] | undefined {
  if (httpGet !== undefined) return { httpGet: httpCheck(httpGet) }
  if (tcpSocket !== undefined) return { tcpSocket: { port: tcpSocket.port, ...hostOf(tcpSocket) } }
  if (exec !== undefined) return { exec: { command: exec.command ?? [] } }
  if (grpc === undefined) return undefined
  const { port = 0, service = '' } = grpc
  return { grpc: { ...(port === 0 ? {} : { port }), ...(service === '' ? {} : { serviceName: service }) } }
}

function httpCheck(spec: HttpHealthCheckSpec): Extract<ReadinessProbe['check'], { httpGet: unknown }>['httpGet'] {
  const { path = '', port, scheme, httpHeaders = [] } = spec
  return {
    scheme: scheme === 'HTTPS' ? 'https' : 'http',
    path: path.startsWith('/') ? path : `/${path}`,
    port,
    ...hostOf(spec),
    headers: httpHeaders.map(({ name = '', value = '' }) => ({ name, value })),
  }
}

function hostOf({ host = '' }: { readonly host?: string }): { readonly host?: string } {
  return host === '' ? {} : { host }
}
