import { KINDS, type KindInfo } from '../config/resource.ts'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'

/** As `kubectl` and Istio abbreviate them. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  svc: 'services',
  vs: 'virtualservices',
  dr: 'destinationrules',
  se: 'serviceentries',
  we: 'workloadentries',
  wg: 'workloadgroups',
  pa: 'peerauthentications',
  ra: 'requestauthentications',
  ap: 'authorizationpolicies',
  xbtpolicy: 'xbackendtrafficpolicies',
  mc: 'meshconfigs',
  lb: 'loadbalancers',
  cb: 'circuitbreakers',
  fi: 'faultinjections',
}

export const KIND_NAMES: string = KINDS.map(({ plural }) => {
  const short = Object.entries(SHORT_NAMES).find(([, name]) => name === plural)?.[0]
  return short === undefined ? plural : `${plural} (${short})`
}).join(', ')

/** The kind that somebody means by its plural, singular, short or full name, in any case. */
export function kindNamed(text: string): KindInfo {
  const name = text.toLowerCase()
  const meant = Object.hasOwn(SHORT_NAMES, name) ? SHORT_NAMES[name] : name
  const found = KINDS.find(({ plural, kind, group }) =>
    [plural, kind.toLowerCase(), `${plural}.${group}`].includes(meant ?? ''),
  )
  if (found !== undefined) return found
  throw new CliError(EXIT.usage, `${text} is not a kind of resource; there are ${KIND_NAMES}`)
}

/** Where resources of a kind are, of one namespace or of all. */
export function collectionPath({ group, versions, plural }: KindInfo, namespace: string | undefined): string {
  const base = group === '' ? `/api/${versions[0]}` : `/apis/${group}/${versions[0]}`
  return namespace === undefined ? `${base}/${plural}` : `${base}/namespaces/${encodeURIComponent(namespace)}/${plural}`
}
