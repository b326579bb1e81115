import { child, entry } from './field-path.ts'
import { isDnsLabel, isDnsSubdomain, isLabelKey, isLabelValue, MAX_LABEL_LENGTH } from './names.ts'
import { describeType, isRecord, type JsonRecord } from './record.ts'
import type { KindInfo, ObjectMeta } from './resource.ts'
import { DRY_RUN_ANNOTATION } from './spec/authorization-policy.ts'
import { suggest } from './suggest.ts'
import { quote } from './validate/hosts.ts'
import type { Report } from './validate/report.ts'

/** Where nothing is said, as with `kubectl`. */
export const DEFAULT_NAMESPACE = 'default'

/** Fields of a Kubernetes `ObjectMeta`. Those that are not of `ObjectMeta` here are let through and dropped. */
const KNOWN: readonly string[] = [
  'name',
  'namespace',
  'labels',
  'annotations',
  'resourceVersion',
  'creationTimestamp',
  'uid',
  'generation',
  'generateName',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'finalizers',
  'ownerReferences',
  'managedFields',
]

/** Checks `metadata` and fills in the namespace; what is wrong goes to the report and is left out of the result. */
export function readMetadata(value: unknown, info: KindInfo, defaultNamespace: string, report: Report): ObjectMeta {
  const metadata: JsonRecord = isRecord(value) ? value : {}
  if (!isRecord(value)) report.violation('metadata', `must be an object with a name, not ${describeType(value)}`)
  for (const field of Object.keys(metadata)) {
    if (KNOWN.includes(field)) continue
    const meant = suggest(field, KNOWN)
    report.violation(
      child('metadata', field),
      `is not a field here${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    )
  }
  const labels = readMap(metadata.labels, 'metadata.labels', report)
  checkLabels(labels, report)
  const annotations = readMap(metadata.annotations, 'metadata.annotations', report)
  // Istio honours it on AuthorizationPolicy alone and refuses it elsewhere.
  if (info.kind !== 'AuthorizationPolicy' && Object.hasOwn(annotations ?? {}, DRY_RUN_ANNOTATION)) {
    report.violation(
      entry('metadata.annotations', DRY_RUN_ANNOTATION),
      'is for AuthorizationPolicy alone; to try, use ?dryRun=All',
    )
  }
  return {
    name: readName(metadata.name, info, isRecord(value), report),
    namespace: readNamespace(metadata.namespace, defaultNamespace, report),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...readServerFields(metadata, report),
  }
}

/** Names of Services are part of host names; others may have dots. */
function readName(name: unknown, info: KindInfo, hasMetadata: boolean, report: Report): string {
  if (name === undefined || name === null || name === '') {
    if (hasMetadata) report.violation('metadata.name', 'is required')
    return ''
  }
  if (typeof name !== 'string') {
    report.violation('metadata.name', `must be a string, not ${describeType(name)}`)
    return ''
  }
  const isLabel = info.kind === 'Service'
  if (isLabel ? !isDnsLabel(name) : !isDnsSubdomain(name)) {
    const form = isLabel ? 'a DNS label' : 'a DNS name'
    const characters = isLabel ? "letters, digits and '-', at most 63" : "letters, digits, '-' and '.', at most 253"
    report.violation('metadata.name', `${quote(name)} is not ${form}: lower-case ${characters}`)
  }
  return name
}

function readNamespace(namespace: unknown, defaultNamespace: string, report: Report): string {
  if (namespace === undefined || namespace === null || namespace === '') return defaultNamespace
  if (typeof namespace !== 'string') {
    report.violation('metadata.namespace', `must be a string, not ${describeType(namespace)}`)
    return defaultNamespace
  }
  if (!isDnsLabel(namespace)) {
    const message = `${quote(namespace)} is not a DNS label: lower-case letters, digits and '-', at most 63`
    report.violation('metadata.namespace', message)
  }
  return namespace
}

function readMap(value: unknown, field: string, report: Report): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined
  if (!isRecord(value)) {
    report.violation(field, `must be an object of strings, not ${describeType(value)}`)
    return undefined
  }
  const strings = Object.entries(value).filter((pair): pair is [string, string] => {
    const [key, text] = pair
    if (typeof text === 'string') return true
    report.violation(entry(field, key), `must be a string, not ${describeType(text)}; put it in quotes`)
    return false
  })
  return Object.fromEntries(strings)
}

function checkLabels(labels: Readonly<Record<string, string>> | undefined, report: Report): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    const at = entry('metadata.labels', key)
    if (!isLabelKey(key)) report.violation(at, `${quote(key)} is no label key: write name or prefix/name`)
    if (value.length > MAX_LABEL_LENGTH || !isLabelValue(value)) {
      report.violation(at, `${quote(value)} is no label value: letters, digits, '-', '_' and '.', at most 63`)
    }
  }
}

/** What the server sets. Clients send it back: the version to tell conflicts, the others to no effect. */
function readServerFields(metadata: JsonRecord, report: Report): Partial<ObjectMeta> {
  const { resourceVersion, creationTimestamp, uid, generation } = metadata
  const wrong = resourceVersion !== undefined && resourceVersion !== null && typeof resourceVersion !== 'string'
  if (wrong) report.violation('metadata.resourceVersion', `must be a string, not ${describeType(resourceVersion)}`)
  return {
    ...(typeof resourceVersion === 'string' && resourceVersion !== '' ? { resourceVersion } : {}),
    ...(typeof creationTimestamp === 'string' ? { creationTimestamp } : {}),
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof generation === 'number' ? { generation } : {}),
  }
}
