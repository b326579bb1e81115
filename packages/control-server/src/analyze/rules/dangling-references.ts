import { findDangling } from '../../config/references.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'

/** WEFT0201, WEFT0202: hosts and subsets that nobody has. */
export function* danglingReferences({ subjects, known, domain, isWhole }: MeshView): Generator<Finding> {
  for (const subject of subjects) {
    if (subject.item === undefined) continue
    for (const { what, field, message } of findDangling(subject.resource, known, domain)) {
      if (what === 'subset') yield { code: 'WEFT0202', subject, field, message }
      else yield { code: 'WEFT0201', subject, field, message, ...(isWhole ? {} : { severity: 'info' }) }
    }
  }
}
