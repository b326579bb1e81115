import type { RequestMirrorPolicy } from '@weft/mesh-protocol'
import type { Destination, HttpRoute } from '../config/spec/virtual-service.ts'

/** Every request is mirrored where no share is given. */
const ALL = 100

/** The mirrors of a route; a share of 0 mirrors nothing (Istio `route.go` `MirrorPercent`, `MirrorPercentByPolicy`). */
export function mirrorPolicies(
  { mirror, mirrors = [], mirrorPercent, mirrorPercentage }: HttpRoute,
  clusterOf: (destination: Destination) => string,
): readonly RequestMirrorPolicy[] {
  const own =
    mirror === undefined
      ? []
      : [
          {
            destination: mirror,
            percent: mirrorPercentage === undefined ? (mirrorPercent ?? ALL) : share(mirrorPercentage),
          },
        ]
  const others = mirrors.map(({ destination, percentage }) => ({
    destination,
    percent: percentage === undefined ? ALL : share(percentage),
  }))
  return [...own, ...others]
    .filter(({ percent }) => percent > 0)
    .map(({ destination, percent }) => ({ cluster: clusterOf(destination), percent }))
}

function share({ value = 0 }: { readonly value?: number }): number {
  return value
}
