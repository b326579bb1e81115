import type { Registry } from 'prom-client'
import type { ClusterManager } from '../cluster/types.ts'
import { isServerInstrumented } from '../http/server-instrumented.ts'
import type { AuditSink } from '../kernel/audit-event.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { Tracing } from '../kernel/tracing.ts'
import { createAuditLog } from '../telemetry/audit-channel.ts'
import { createDiagnosticsRecorder } from '../telemetry/diagnostics.ts'
import type { HeldPolicy } from '../telemetry/mesh-gauges.ts'
import { createTracing } from '../telemetry/otel-tracing.ts'
import { createPrometheusRecorder } from '../telemetry/prometheus-recorder.ts'
import { fanOut } from '../telemetry/recorder-fan-out.ts'
import { createRpcMetrics } from '../telemetry/rpc-metrics.ts'
import type { Self } from './self.ts'

export interface Telemetry {
  readonly recorder: Recorder
  readonly registry: Registry
  readonly tracing: Tracing
  readonly audit: AuditSink
}

/** What is asked when metrics are scraped; made later than what is told to. */
export interface TelemetrySources {
  readonly clusters: () => ClusterManager
  /** Versions in force by `type/name`. */
  readonly versions: () => Readonly<Record<string, string>>
}

/** @param log where entries of the access log of decisions go */
export function createTelemetry(
  { node, peer }: Self,
  sources: TelemetrySources,
  log: { readonly audit: AuditSink | undefined; readonly logger: Logger },
): Telemetry {
  const metrics = createPrometheusRecorder({
    self: peer,
    build: node.clientVersion,
    clusters: () => sources.clusters().all(),
    policies: () => heldPolicies(sources.versions()),
  })
  const rpc = createRpcMetrics(node.clientVersion)
  return {
    recorder: fanOut([metrics.recorder, createDiagnosticsRecorder(), ...(rpc === undefined ? [] : [rpc])]),
    registry: metrics.registry,
    audit: createAuditLog(log.audit, log.logger),
    tracing: createTracing(node.clientVersion, isServerInstrumented),
  }
}

function* heldPolicies(versions: Readonly<Record<string, string>>): Generator<HeldPolicy> {
  for (const [key, version] of Object.entries(versions)) {
    const slash = key.indexOf('/')
    yield { type: key.slice(0, slash), name: key.slice(slash + 1), version }
  }
}
