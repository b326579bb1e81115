import type { ObjectMeta } from '../config/resource.ts'

/** Whose value is the key of a baggage member that tells later hops the subset that a request took. */
export const MARK_ANNOTATION = 'mesh.weft.dev/mark'

/** `"true"`: an attempt that is over its per-try timeout is left running beside the next. */
export const HEDGE_ANNOTATION = 'mesh.weft.dev/hedge-on-per-try-timeout'

/** What a VirtualService says by annotations, as its API has no fields for it. */
export interface RouteAnnotations {
  /** `undefined`: nothing is marked. */
  readonly markKey: string | undefined
  readonly hedge: boolean
}

export function routeAnnotations({ annotations = {} }: Pick<ObjectMeta, 'annotations'>): RouteAnnotations {
  const key = annotations[MARK_ANNOTATION] ?? ''
  return { markKey: key === '' ? undefined : key, hedge: annotations[HEDGE_ANNOTATION] === 'true' }
}
