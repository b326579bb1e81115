/*
 * Names as Kubernetes checks them for its objects (lower case) and as Istio checks them inside specs (either case).
 */

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/
const ISTIO_LABEL = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/
const ISTIO_WILDCARD_LABEL = /^(?:\*|(?:\*|\*-)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)$/

export const MAX_LABEL_LENGTH = 63
export const MAX_NAME_LENGTH = 253

/** DNS-1123 label of Kubernetes: what a namespace or a Service is called. */
export function isDnsLabel(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && LABEL.test(text)
}

/** DNS-1123 subdomain of Kubernetes: what most objects are called. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && text.split('.').every((part) => LABEL.test(part))
}

/** Istio `labels.IsDNS1123Label`. */
export function isIstioLabel(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && ISTIO_LABEL.test(text)
}

/** Istio `labels.IsWildcardDNS1123Label`: also `*`, `*foo` and `*-foo`. */
export function isIstioWildcardLabel(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && ISTIO_WILDCARD_LABEL.test(text)
}

const LABEL_KEY =
  /^(?:([a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)*)\/)?((?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/
const LABEL_VALUE = /^(?:(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/

/** `prefix/name` or `name`, as the key of a Kubernetes label. */
export function isLabelKey(text: string): boolean {
  if (text.length > MAX_NAME_LENGTH + 1 + MAX_LABEL_LENGTH) return false
  const match = LABEL_KEY.exec(text)
  return match !== null && (match[2] as string).length <= MAX_LABEL_LENGTH && (match[1] ?? '').length <= MAX_NAME_LENGTH
}

/** The characters of a label's value; may be empty. Istio does not look at the length, Kubernetes allows 63. */
export function isLabelValue(text: string): boolean {
  return LABEL_VALUE.test(text)
}
