import { milliseconds } from '../../config/duration.ts'
import { child, item } from '../../config/field-path.ts'
import type { VirtualServiceSpec } from '../../config/spec/virtual-service.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'

/** WEFT0407: attempts that may take as long as all of them together. */
export function* timeouts({ ofKind }: MeshView): Generator<Finding> {
  for (const subject of ofKind<VirtualServiceSpec>('VirtualService')) {
    for (const [index, { timeout, retries }] of (subject.resource.spec.http ?? []).entries()) {
      const whole = milliseconds(timeout)
      const perTry = milliseconds(retries?.perTryTimeout)
      if (whole === undefined || perTry === undefined || perTry < whole) continue
      const field = child(item('spec.http', index), 'retries.perTryTimeout')
      const message = `${retries?.perTryTimeout} is not below the timeout of ${timeout}: no time is left for a second attempt`
      yield { code: 'WEFT0407', subject, field, message }
    }
  }
}
