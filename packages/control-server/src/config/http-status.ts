/** Codes with a meaning of their own in the IANA registry, as Go's `net/http` knows them. */
const STATUS_RANGES: readonly (readonly [number, number])[] = [
  [100, 103],
  [200, 208],
  [226, 226],
  [300, 305],
  [307, 308],
  [400, 418],
  [421, 426],
  [428, 429],
  [431, 431],
  [451, 451],
  [500, 508],
  [510, 511],
]

/**
 * Those that a redirect can have (Envoy `RedirectAction.RedirectResponseCode`, Gateway API `HTTPRequestRedirectFilter`). Of a
 * VirtualService others within 300 to 399 take its effect away (Istio `route.go` `ApplyRedirect`).
 */
export const REDIRECT_CODES: readonly number[] = [301, 302, 303, 307, 308]

/** The status of HTTP that a text names as a number; `undefined`: none that is known. */
export function knownStatus(text: string): number | undefined {
  if (!/^[-+]?\d+$/.test(text)) return undefined
  const code = Number(text)
  return STATUS_RANGES.some(([first, last]) => code >= first && code <= last) ? code : undefined
}
