import type { Violation } from '@weft/mesh-protocol'
import { type ConfigResource, type KindInfo, kindOf } from '../config/resource.ts'
import { isObject } from '../kernel/json-value.ts'
import { resourceKey } from '../store/keys.ts'

/** Where a resource is. */
export interface ResourceAddress {
  readonly info: KindInfo
  readonly namespace: string
  readonly name: string
}

/** What a URL says of the resource in the body; the name is open where a new one is posted. */
export type UrlAddress = Omit<ResourceAddress, 'name'> & { readonly name?: string }

export function apiVersionOf({ group, versions }: KindInfo, version: string = versions[0] as string): string {
  return group === '' ? version : `${group}/${version}`
}

/** `Kind namespace/name`. */
export const addressText = ({ info, namespace, name }: ResourceAddress): string => `${info.kind} ${namespace}/${name}`

export function keyOf({ info: { group, plural }, namespace, name }: ResourceAddress): string {
  return resourceKey({ group, plural, namespace, name })
}

/** The address of a resource that has passed its check. */
export function addressOf({ apiVersion, kind, metadata: { namespace, name } }: ConfigResource): ResourceAddress {
  const info = kindOf(apiVersion, kind)
  if (info === undefined) throw new TypeError(`${apiVersion} ${kind} has passed its check but is no kind`)
  return { info, namespace, name }
}

/** `Kind namespace/name`, or what there is of it, of something that may be neither of them. */
export function nameOf(value: unknown): string {
  const { kind, metadata } = isObject(value) ? value : {}
  const { name, namespace } = isObject(metadata) ? metadata : {}
  return `${kind ?? 'no kind'} ${namespace === undefined ? '' : `${namespace}/`}${name ?? 'without name'}`
}

/**
 * The body with what the URL says filled in where the body is silent. Where they disagree the violations say so, and the body
 * is left as it is.
 */
export function fitToUrl(body: unknown, url: UrlAddress): { value: unknown; violations: readonly Violation[] } {
  if (!isObject(body)) return { value: body, violations: [] }
  const metadata = isObject(body.metadata) || body.metadata === undefined ? (body.metadata ?? {}) : undefined
  const violations = [
    ...disagreement('kind', body.kind, url.info.kind),
    ...(metadata === undefined
      ? []
      : [
          ...disagreement('metadata.namespace', metadata.namespace, url.namespace),
          ...disagreement('metadata.name', metadata.name, url.name),
        ]),
  ]
  if (metadata === undefined) return { value: body, violations }
  const name = isSaid(metadata.name) ? metadata.name : url.name
  const filled = { ...metadata, ...(name === undefined ? {} : { name }), namespace: url.namespace }
  const { apiVersion = apiVersionOf(url.info), kind = url.info.kind } = body
  return { value: { ...body, apiVersion, kind, metadata: filled }, violations }
}

const isSaid = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

function disagreement(field: string, said: unknown, url: string | undefined): Violation[] {
  if (!isSaid(said) || url === undefined || said === url) return []
  return [{ field, message: `must be ${url}, as in the URL, not ${String(said)}` }]
}
