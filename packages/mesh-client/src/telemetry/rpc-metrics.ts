import type { Attributes, Histogram, Meter, MeterProvider } from '@opentelemetry/api'
import { type CallRecord, nullRecorder, type Recorder } from '../kernel/recorder.ts'
import type { RpcFacts } from '../kernel/tracing.ts'
import { loadOtelApi, type OtelApi, SCOPE } from './otel-api.ts'
import { calledMethod, servedMethod } from './rpc-method.ts'
import { callOutcome, RPC_SYSTEM, requestOutcome } from './rpc-semantics.ts'

/** Upper bounds of the buckets, in seconds. Source: semantic-conventions, `docs/rpc/rpc-metrics.md`. */
const BOUNDS_S: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

const MS_PER_S = 1_000

/** The two histograms of OpenTelemetry's conventions for RPC. */
interface Durations {
  readonly client: Histogram
  readonly server: Histogram
}

/**
 * Tells how long calls of gRPC take, as `rpc.client.call.duration` and `rpc.server.call.duration`, to the meter provider
 * that the application has registered, before or after. HTTP is told nothing of; without a provider a call pays for a look.
 * `undefined`: the package is not there.
 *
 * @param version of the client library, told as the scope's version
 */
export function createRpcMetrics(version: string): Recorder | undefined {
  const api = loadOtelApi()
  if (api === undefined) return undefined
  const durationsNow = durationsSource(api, version)
  return {
    ...nullRecorder,
    call(record) {
      if (record.rpc === undefined) return
      const durations = durationsNow()
      if (durations === undefined) return
      const isSource = record.reporter === 'source'
      const histogram = isSource ? durations.client : durations.server
      histogram.record(
        record.durationMs / MS_PER_S,
        isSource ? calledAttributes(record, record.rpc) : servedAttributes(record, record.rpc),
      )
    },
  }
}

function calledAttributes(record: CallRecord, facts: RpcFacts): Attributes {
  const { statusCode, errorType } = callOutcome(record)
  return withOutcome(statusCode, errorType, {
    'rpc.system.name': RPC_SYSTEM,
    'rpc.method': calledMethod(facts),
    'server.address': facts.host,
    'server.port': facts.port,
  })
}

/** Without the address that was asked for, which comes from the caller: a stranger could make up as many as he likes. */
function servedAttributes(record: CallRecord, facts: RpcFacts): Attributes {
  const { statusCode, errorType } = requestOutcome(record)
  return withOutcome(statusCode, errorType, {
    'rpc.system.name': RPC_SYSTEM,
    'rpc.method': servedMethod(facts, record),
  })
}

function withOutcome(
  statusCode: string | undefined,
  errorType: string | undefined,
  attributes: Attributes,
): Attributes {
  if (statusCode !== undefined) attributes['rpc.status_code'] = statusCode
  if (errorType !== undefined) attributes['error.type'] = errorType
  return attributes
}

/** Gives the histograms of the registered provider, or `undefined` while there is none. */
function durationsSource(api: OtelApi, version: string): () => Durations | undefined {
  let seen: MeterProvider | undefined
  let durations: Durations | undefined
  return () => {
    const provider = api.metrics.getMeterProvider()
    if (provider !== seen) {
      seen = provider
      const meter = provider.getMeter(SCOPE, version)
      durations = meter === api.createNoopMeter() ? undefined : createDurations(meter)
    }
    return durations
  }
}

function createDurations(meter: Meter): Durations {
  const create = (name: string, description: string): Histogram =>
    meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries: [...BOUNDS_S] } })
  return {
    client: create('rpc.client.call.duration', 'How long calls of gRPC take, all attempts included.'),
    server: create('rpc.server.call.duration', 'How long served calls of gRPC take.'),
  }
}
