import { child, item } from '../../config/field-path.ts'
import type { FaultInjectionSpec } from '../../config/spec/fault-injection.ts'
import type { PolicySelection } from '../../config/spec/selection.ts'
import type { FaultAbort } from '../../config/spec/virtual-service.ts'
import type { Finding, Subject } from '../finding.ts'
import type { GrpcView } from '../grpc-view.ts'
import { selectedWorkloads } from '../selected-workloads.ts'

/** WEFT0603: gRPC calls that are aborted with a status of HTTP. */
export function* grpcFaults(view: GrpcView): Generator<Finding> {
  for (const { subject, route, field } of view.httpRoutes) {
    yield* ofAbort(subject, route.fault?.abort, child(field, 'fault'))
  }
  for (const subject of view.mesh.ofKind<FaultInjectionSpec>('FaultInjection')) {
    if (!servesGrpcAlone(subject, view)) continue
    for (const [index, { abort }] of subject.resource.spec.rules.entries()) {
      yield* ofAbort(subject, abort, item('spec.rules', index))
    }
  }
}

function* ofAbort(subject: Subject<unknown>, abort: FaultAbort | undefined, field: string): Generator<Finding> {
  if (abort?.httpStatus === undefined) return
  const message = `a gRPC client gets the status that HTTP ${abort.httpStatus} stands for`
  yield { code: 'WEFT0603', subject, field: child(field, 'abort.httpStatus'), message }
}

/** As far as the workloads are known. */
function servesGrpcAlone(subject: Subject<PolicySelection>, { mesh: { workloads = [] } }: GrpcView): boolean {
  const ports = selectedWorkloads(subject, workloads).flatMap((workload) => workload.ports)
  return ports.length > 0 && ports.every(({ protocol }) => protocol === 'grpc')
}
