import type { Endpoint } from '@weft/mesh-protocol'
import { HEALTHY_STATE, type OutlierState } from '../health/outlier-detection.ts'
import type { IntervalTally } from './interval-tally.ts'
import type { EndpointState } from './types.ts'

/** An endpoint's state with what only this folder looks at. */
export interface EndpointRecord extends EndpointState {
  outlier: OutlierState
  /** What it has answered since the last sweep; only counted where the policy compares endpoints. */
  tally: IntervalTally | undefined
}

export function createEndpointRecord(endpoint: Endpoint, now: number): EndpointRecord {
  return {
    endpoint,
    active: 0,
    refused: false,
    ejected: false,
    unhealthy: false,
    draining: false,
    warmSince: now,
    latency: undefined,
    reportedLoad: undefined,
    transport: undefined,
    outlier: HEALTHY_STATE,
    tally: undefined,
  }
}
