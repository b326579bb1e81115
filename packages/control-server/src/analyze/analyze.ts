import { DEFAULT_DOMAIN } from '@weft/mesh-protocol'
import { keysOf } from '../config/field-path.ts'
import { DEFAULT_NAMESPACE } from '../config/metadata.ts'
import type { ParsedDocument } from '../config/parse.ts'
import type { KnownHosts } from '../config/references.ts'
import type { ConfigResource } from '../config/resource.ts'
import { CODES, type Severity } from './codes.ts'
import type { AnalysisMessage, Finding } from './finding.ts'
import { hostsInResources } from './hosts-in-resources.ts'
import { judgeDocuments, resourceKey } from './judge-documents.ts'
import type { KnownWorkload } from './known-workload.ts'
import { createMeshView, type MeshView, type Rule } from './mesh-view.ts'
import { RULES } from './rules/all.ts'

/** What a server knows besides what is given. */
export interface ServerState {
  readonly stored: readonly ConfigResource[]
  /** What the mesh would have with these resources stored. */
  readonly knownWith: (resources: readonly ConfigResource[]) => KnownHosts
  /** Absent: nobody asks for what depends on them. */
  readonly workloads?: readonly KnownWorkload[]
}

export interface AnalyzeOptions {
  /** Absent: the documents are judged alone. */
  readonly server?: ServerState
  /** Default `cluster.local`. */
  readonly domain?: string
  /** Of a resource that names none. Default `default`. */
  readonly defaultNamespace?: string
}

export interface Analysis {
  /** By document, in each by line; the worst of a field first. */
  readonly messages: readonly AnalysisMessage[]
  readonly counts: Readonly<Record<Severity, number>>
  /** How many messages there are above those that are listed. */
  readonly unlisted: number
}

/** More than a person reads. */
const MAX_MESSAGES = 1000

/**
 * Judges resources together, with what a server has where there is one; pure, stores nothing, throws nothing whatever the
 * documents hold. Takes time in proportion to what it is given.
 */
export function analyze(documents: readonly ParsedDocument[], options: AnalyzeOptions = {}): Analysis {
  const { domain = DEFAULT_DOMAIN, defaultNamespace = DEFAULT_NAMESPACE, server } = options
  const { subjects, findings } = judgeDocuments(documents, defaultNamespace)
  const given = subjects.map(({ resource }) => resource)
  const keys = new Set(given.map(resourceKey))
  const stored = (server?.stored ?? []).filter((resource) => !keys.has(resourceKey(resource)))
  const view = createMeshView({
    domain,
    subjects: [...stored.map((resource) => ({ resource })), ...subjects],
    known: server?.knownWith(given) ?? hostsInResources(given, domain),
    isWhole: server !== undefined,
    workloads: server?.workloads,
  })
  return told([...findings, ...RULES.flatMap((rule) => findingsOf(rule, view))], documents)
}

/** Of what is stored only what it does to the given resources is of interest, which is said there. */
function findingsOf(rule: Rule, view: MeshView): Finding[] {
  return [...rule(view)].filter(({ subject }) => subject.item !== undefined)
}

/** What is said twice of one place in different words is said once. */
function placeOf(finding: Finding): string {
  const { code, field, subject, message } = finding
  return `${subject.item} ${field} ${code === 'WEFT0301' ? code : message}`
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }

function told(findings: readonly Finding[], documents: readonly ParsedDocument[]): Analysis {
  const all = [...new Map(findings.map((finding) => [placeOf(finding), finding])).values()].map((finding) =>
    toMessage(finding, documents),
  )
  all.sort(byPlace)
  const counts = { error: 0, warning: 0, info: 0 }
  for (const { severity } of all) counts[severity] += 1
  // Where there are too many, errors are listed before the rest.
  const listed = all.length <= MAX_MESSAGES ? all : worst(all)
  return { messages: listed, counts, unlisted: all.length - listed.length }
}

function byPlace(a: AnalysisMessage, b: AnalysisMessage): number {
  const byLine = a.item - b.item || (a.line ?? 0) - (b.line ?? 0) || RANK[a.severity] - RANK[b.severity]
  if (byLine !== 0 || a.field === b.field) return byLine
  return a.field < b.field ? -1 : 1
}

function worst(messages: readonly AnalysisMessage[]): readonly AnalysisMessage[] {
  const kept = new Set([...messages].sort((a, b) => RANK[a.severity] - RANK[b.severity]).slice(0, MAX_MESSAGES))
  return messages.filter((message) => kept.has(message))
}

function toMessage(finding: Finding, documents: readonly ParsedDocument[]): AnalysisMessage {
  const { code, field, message, subject } = finding
  const { kind, metadata } = subject.resource
  const item = subject.item ?? 0
  const line = documents[item]?.lineOf?.(keysOf(field))
  return {
    code,
    severity: finding.severity ?? CODES[code].severity,
    resource: { kind, namespace: metadata.namespace, name: metadata.name },
    field,
    message,
    remedy: CODES[code].remedy,
    item,
    ...(line === undefined ? {} : { line }),
  }
}
