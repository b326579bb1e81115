import { KINDS, type KindInfo } from '../config/resource.ts'

/**
 * Above the resources of every kind: of the core group, and of the others. The kind is a parameter of the path, because a route of
 * its own for each kind, version and verb makes hundreds, which took 15 MiB of the framework's tables.
 */
export const KIND_BASES: readonly string[] = ['/api/:version', '/apis/:group/:version']

/** What a path says of the kind. */
export interface KindParams {
  /** Absent for the core group. */
  readonly group?: string
  readonly version: string
  readonly plural: string
}

/** A kind in one of its versions. */
export interface VersionedKind {
  readonly info: KindInfo
  readonly version: string
}

/** `undefined` where nothing of the sort is served. */
export function kindAt({ group = '', version, plural }: KindParams): VersionedKind | undefined {
  const info = KINDS.find((each) => each.plural === plural && each.group === group)
  return info?.versions.includes(version) === true ? { info, version } : undefined
}

/** The URLs that a route stands for: its own, or one for each kind in each of its versions. */
export function urlsOf(url: string): readonly string[] {
  if (!isOfKinds(url)) return [url]
  const isCore = !url.includes(':group')
  return KINDS.filter(({ group }) => (group === '') === isCore).flatMap((info) =>
    info.versions.map((version) => urlOf(url, { info, version })),
  )
}

/** Which of the URLs that a route stands for a request with these parameters is to; `undefined` where it is to none. */
export function urlFor(url: string, params: unknown): string | undefined {
  if (!isOfKinds(url)) return url
  const kind = kindAt(params as KindParams)
  return kind === undefined ? undefined : urlOf(url, kind)
}

const isOfKinds = (url: string): boolean => url.includes(':plural')

function urlOf(url: string, { info, version }: VersionedKind): string {
  return url.replace(':group', info.group).replace(':version', version).replace(':plural', info.plural)
}
