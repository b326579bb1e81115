import type { Cluster } from '@weft/mesh-protocol'

/** Whether requests to a cluster share connections of HTTP/2; those of gRPC do so anywhere. */
export function multiplexes({ protocol }: Pick<Cluster, 'protocol'>): boolean {
  return protocol === 'http2' || protocol === 'grpc'
}
