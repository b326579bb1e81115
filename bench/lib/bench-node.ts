/** Says who opens a stream, for a client of these benchmarks. */
export function benchNode(id: string): string {
  return JSON.stringify({
    id,
    service: 'bench',
    namespace: 'default',
    serviceAccount: 'default',
    labels: {},
    locality: { region: '', zone: '', subZone: '' },
    servicePorts: [],
    clientVersion: '0.1.0',
    features: ['delta-endpoints', 'delta-hosts', 'error-rate-breaker'],
  })
}

export const REVIEWS = 'reviews.default.svc.cluster.local'
