import { child, item } from '../../field-path.ts'
import {
  type BackendObjectReference,
  type CommonRouteSpec,
  isServiceBackend,
  isServiceParent,
  type ParentReference,
} from '../../spec/gateway/references.ts'
import type { Report } from '../report.ts'
import { checkGroupAndKind, checkNamespace, checkSubdomain } from './names.ts'

export const ONLY_IN_A_GATEWAY = 'only has an effect in a gateway'

/** What every kind of route has. */
export function checkParents({ parentRefs = [], useDefaultGateways }: CommonRouteSpec, report: Report): void {
  for (const [index, parent] of parentRefs.entries()) checkParent(parent, item('spec.parentRefs', index), report)
  checkSameParents(parentRefs, report)
  if (useDefaultGateways !== undefined && useDefaultGateways !== 'None') {
    report.warning('spec.useDefaultGateways', ONLY_IN_A_GATEWAY, 'proxy')
  }
  if (parentRefs.length === 0) {
    report.warning(
      'spec.parentRefs',
      'without a parent nothing of this resource has an effect; attach it to a Service with group "" and kind Service',
    )
  }
}

function checkParent(parent: ParentReference, field: string, report: Report): void {
  checkGroupAndKind(parent, field, report)
  checkNamespace(parent.namespace, child(field, 'namespace'), report)
  checkSubdomain(parent.sectionName, child(field, 'sectionName'), report)
  checkName(parent.name, field, report)
  if (isServiceParent(parent)) return
  report.warning(
    field,
    `${ONLY_IN_A_GATEWAY}; to attach it to a service of the mesh, write group "" and kind Service`,
    'proxy',
  )
}

function checkName(name: string | undefined, field: string, report: Report): void {
  if (name === '') report.violation(child(field, 'name'), 'must not be empty')
}

/** Of several references to one parent each names another part of it. */
function checkSameParents(parents: readonly ParentReference[], report: Report): void {
  const seen = new Map<string, { readonly form: string; readonly parts: Set<string> }>()
  for (const [index, { group, kind, namespace, name, sectionName = '', port = 0 }] of parents.entries()) {
    const key = JSON.stringify([group, kind, namespace ?? '', name])
    const form = `${sectionName !== ''} ${port !== 0}`
    const part = JSON.stringify([sectionName, port])
    const before = seen.get(key)
    const at = item('spec.parentRefs', index)
    if (before === undefined) seen.set(key, { form, parts: new Set([part]) })
    else if (before.parts.has(part)) {
      report.violation(at, 'is there twice: references to one parent have to differ in sectionName or port')
    } else if (before.form !== form) {
      report.violation(at, 'must give sectionName and port as the other reference to the same parent does')
    } else before.parts.add(part)
  }
}

/** A backend of a rule, or one that is mirrored to. */
export function checkBackend(
  backend: BackendObjectReference,
  field: string,
  ifNoService: string,
  report: Report,
): void {
  checkGroupAndKind(backend, field, report)
  checkNamespace(backend.namespace, child(field, 'namespace'), report)
  checkName(backend.name, field, report)
  if (!isServiceBackend(backend)) report.warning(field, `is not a Service: ${ifNoService}`)
  else if (backend.port === undefined) report.violation(child(field, 'port'), 'is required for a Service')
}

export const ANSWERED_500 = 'what would go there is answered 500'

export const ANSWERED_UNAVAILABLE = 'what would go there is answered with the status UNAVAILABLE'
