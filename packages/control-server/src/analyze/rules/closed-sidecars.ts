import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'
import { strictSidecars } from '../strict-sidecars.ts'

/** WEFT0409: a Sidecar that lets its clients call nobody. */
export function* closedSidecars(view: MeshView): Generator<Finding> {
  for (const subject of strictSidecars(view)) {
    const hosts = (subject.resource.spec.egress ?? []).flatMap((listener) => listener.hosts)
    if (hosts.some((host) => !host.startsWith('~'))) continue
    yield { code: 'WEFT0409', subject, field: 'spec.egress', message: 'no host is left to be called' }
  }
}
