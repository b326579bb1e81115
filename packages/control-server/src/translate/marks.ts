import { HEDGE_ANNOTATION, isBaggageKey, MARK_ANNOTATION } from '../config/annotations.ts'
import type { ObjectMeta } from '../config/resource.ts'

/** What a VirtualService says by annotations, as its API has no fields for it. */
export interface RouteAnnotations {
  /** `undefined`: nothing is marked. */
  readonly markKey: string | undefined
  readonly hedge: boolean
}

export function routeAnnotations({ annotations = {} }: Pick<ObjectMeta, 'annotations'>): RouteAnnotations {
  const key = annotations[MARK_ANNOTATION] ?? ''
  return { markKey: isBaggageKey(key) ? key : undefined, hedge: annotations[HEDGE_ANNOTATION] === 'true' }
}
