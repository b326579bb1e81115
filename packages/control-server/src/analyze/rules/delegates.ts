import { delegatedMatches, MAX_DELEGATED_MATCHES, matchesIn } from '../../config/delegation.ts'
import { child, item } from '../../config/field-path.ts'
import type { HttpRoute, VirtualServiceSpec } from '../../config/spec/virtual-service.ts'
import type { Finding, Subject } from '../finding.ts'
import { visibleTo } from '../hosts-claimed.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'

type VirtualService = Subject<VirtualServiceSpec>

/** WEFT0204 to WEFT0207: what http routes delegate to. */
export function* delegates(view: MeshView): Generator<Finding> {
  const all = view.ofKind<VirtualServiceSpec>('VirtualService')
  const byName = new Map(all.map((subject) => [nameOf(subject), subject]))
  const used = new Set<string>()
  for (const subject of all) {
    for (const [index, route] of (subject.resource.spec.http ?? []).entries()) {
      const name = targetOf(route, subject)
      if (name === undefined) continue
      used.add(name)
      const problem = problemOf(name, byName, subject)
      if (problem !== undefined) yield { ...problem, subject, field: child(item('spec.http', index), 'delegate') }
    }
  }
  for (const subject of all) yield* tooMany(subject, byName)
  yield* unused(all, used)
}

function* tooMany(subject: VirtualService, byName: ReadonlyMap<string, VirtualService>): Generator<Finding> {
  let left = MAX_DELEGATED_MATCHES
  for (const [index, route] of (subject.resource.spec.http ?? []).entries()) {
    const target = byName.get(targetOf(route, subject) ?? '')
    if (target === undefined) continue
    const matches = delegatedMatches(route, matchesIn(target.resource.spec.http ?? []))
    if (matches <= left) {
      left -= matches
      continue
    }
    const message = `comes to ${matches} matches with those of the delegate, and there is room for ${left}`
    yield { code: 'WEFT0207', subject, field: child(item('spec.http', index), 'delegate'), message }
    return
  }
}

const nameOf = ({ resource: { metadata } }: VirtualService): string => `${metadata.namespace}/${metadata.name}`

/** `namespace/name` of what a route delegates to. */
function targetOf({ delegate }: HttpRoute, { resource: { metadata } }: VirtualService): string | undefined {
  if (delegate === undefined) return undefined
  return `${delegate.namespace || metadata.namespace}/${delegate.name ?? ''}`
}

function problemOf(
  name: string,
  byName: ReadonlyMap<string, VirtualService>,
  from: VirtualService,
): Pick<Finding, 'code' | 'message'> | undefined {
  const target = byName.get(name)
  if (target === undefined) return { code: 'WEFT0204', message: `there is no VirtualService ${name}` }
  if ((target.resource.spec.hosts ?? []).length === 0) return hiddenFrom(target, from)
  const cycle = cycleFrom(from, byName)
  const hosts = `VirtualService ${name} has hosts, so that nothing can be delegated to it`
  return {
    code: 'WEFT0205',
    message: cycle === undefined ? hosts : `${hosts}; the delegation goes in a circle: ${cycle}`,
  }
}

function hiddenFrom(target: VirtualService, from: VirtualService): Pick<Finding, 'code' | 'message'> | undefined {
  const visible = visibleTo(target.resource.spec.exportTo, target.resource.metadata.namespace)
  const { namespace } = from.resource.metadata
  if (visible === 'all' || visible.has(namespace)) return undefined
  return { code: 'WEFT0204', message: `${subjectName(target)} is not exported to the namespace ${namespace}` }
}

/** A circle of more than these is called what it is for each of its parts: something with hosts. */
const MAX_FOLLOWED = 50

/** The way back to where it began, if there is one; each VirtualService is looked at once. */
function cycleFrom(start: VirtualService, byName: ReadonlyMap<string, VirtualService>): string | undefined {
  const home = nameOf(start)
  const cameFrom = new Map<string, string>()
  const pending = [home]
  for (let name = pending.pop(); name !== undefined && cameFrom.size < MAX_FOLLOWED; name = pending.pop()) {
    const subject = byName.get(name)
    for (const route of subject?.resource.spec.http ?? []) {
      const next = subject === undefined ? undefined : targetOf(route, subject)
      if (next === home) return wayTo(name, home, cameFrom)
      if (next === undefined || cameFrom.has(next)) continue
      cameFrom.set(next, name)
      pending.push(next)
    }
  }
  return undefined
}

function wayTo(last: string, home: string, cameFrom: ReadonlyMap<string, string>): string {
  const way = [home]
  for (let name: string | undefined = last; name !== undefined && name !== home; name = cameFrom.get(name))
    way.push(name)
  return [...way, home].reverse().join(' → ')
}

function* unused(all: readonly VirtualService[], used: ReadonlySet<string>): Generator<Finding> {
  for (const subject of all) {
    if ((subject.resource.spec.hosts ?? []).length > 0 || used.has(nameOf(subject))) continue
    yield { code: 'WEFT0206', subject, field: 'spec.hosts', message: `nothing delegates to ${subjectName(subject)}` }
  }
}
