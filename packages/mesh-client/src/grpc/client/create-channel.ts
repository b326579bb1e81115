import { MeshError } from '../../kernel/errors.ts'
import { callCredentialsOf } from '../credentials.ts'
import type { ClientEdge, GrpcEnvironment } from '../edges.ts'
import { loadedGrpcJs } from '../grpc-js.ts'
import { parseTarget } from '../wire/target.ts'
import { MeshChannel } from './mesh-channel.ts'
import { createOutsideChannel, outsideTarget } from './outside-channel.ts'

const OF_THE_MESH = /^weft:/i

/**
 * The client's half of one mesh's face.
 *
 * @throws MeshError `WEFT_CONFIG` of the channel it makes, when its target names no host
 */
export function createClientEdge({ grpc, internals }: GrpcEnvironment): ClientEdge {
  const empty = grpc.CallCredentials.createEmpty()
  let calls = 0
  return {
    channel(parts) {
      if (!OF_THE_MESH.test(parts.target)) return createOutsideChannel(grpc, parts, parts.target)
      const where = parseTarget(parts.target)
      if (where === undefined) {
        throw new MeshError('WEFT_CONFIG', `${parts.target} names no host: write weft:///greeter:50051`)
      }
      if (internals === undefined) return createOutsideChannel(grpc, parts, outsideTarget(where.hostname, where.port))
      const credentials = callCredentialsOf(parts.credentials, parts.options)
      return new MeshChannel({
        ...parts,
        grpc,
        grpcVersion: loadedGrpcJs.version ?? '',
        internals,
        where,
        callCredentials: credentials._equals(empty) ? undefined : credentials,
        nextCallNumber: () => calls++,
      })
    },
  }
}
