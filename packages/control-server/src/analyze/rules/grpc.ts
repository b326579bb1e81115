import type { Finding } from '../finding.ts'
import { type GrpcView, grpcView } from '../grpc-view.ts'
import type { MeshView } from '../mesh-view.ts'
import { grpcAnswers } from './grpc-answers.ts'
import { grpcFaults } from './grpc-faults.ts'
import { grpcHashes } from './grpc-hashes.ts'
import { grpcHeaders } from './grpc-headers.ts'
import { grpcMatches } from './grpc-matches.ts'
import { grpcMirrors } from './grpc-mirrors.ts'
import { grpcRetries } from './grpc-retries.ts'
import { grpcRewrites } from './grpc-rewrites.ts'
import { grpcRoutePorts } from './grpc-route-ports.ts'

const GRPC_RULES: readonly ((view: GrpcView) => Iterable<Finding>)[] = [
  grpcAnswers,
  grpcRewrites,
  grpcFaults,
  grpcHashes,
  grpcMatches,
  grpcRetries,
  grpcMirrors,
  grpcHeaders,
  grpcRoutePorts,
]

/** Every rule about policies for gRPC calls; what these are is found out once. */
export function* grpc(mesh: MeshView): Generator<Finding> {
  const view = grpcView(mesh)
  for (const rule of GRPC_RULES) yield* rule(view)
}
