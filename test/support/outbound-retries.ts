import { DEFAULT_RETRY_POLICY, type RetryPolicy, type Route } from '@weft/mesh-protocol'
import { CLUSTER, startUpstream, type Upstream } from './outbound.ts'
import { wireRoute } from './wire.ts'

const QUICK = { baseIntervalMs: 1, maxIntervalMs: 4 }

export const OFF: Partial<RetryPolicy> = { numRetries: 0, retryOn: [] }

/** The only route of a host, with this policy and pauses that take no time. */
export function retrying(policy: Partial<RetryPolicy>, timeoutMs = 0): Route[] {
  const retryPolicy = { ...DEFAULT_RETRY_POLICY, retryBackOff: QUICK, ...policy }
  return [wireRoute('main', { route: { clusters: [{ cluster: CLUSTER, weight: 1 }], timeoutMs, retryPolicy } })]
}

/** Answers each request with the next status, the last one for ever. */
export function statuses(...codes: readonly number[]): Promise<Upstream> {
  let index = 0
  return startUpstream((_request, response) => {
    response.writeHead(codes[Math.min(index++, codes.length - 1)] as number).end('body')
  })
}
