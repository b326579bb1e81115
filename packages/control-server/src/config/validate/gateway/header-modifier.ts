import { CONNECTION_HEADERS } from '@weft/mesh-protocol'
import { child, item } from '../../field-path.ts'
import type { HeaderModifier, NamedValue } from '../../spec/gateway/http-filters.ts'
import { quote } from '../hosts.ts'
import type { Report } from '../report.ts'
import { checkUnique, headerNameProblem, headerValueProblem } from './names.ts'

/**
 * `HTTPHeaderFilter` for requests. Beyond Gateway API, which lets any name through: the authority can be set, and what belongs to
 * a connection is written by the HTTP client.
 */
export function checkRequestHeaderModifier(modifier: HeaderModifier | undefined, field: string, report: Report): void {
  checkHeaderModifier(modifier, field, report)
  for (const verb of ['set', 'add'] as const) {
    for (const [index, { name = '', value = '' }] of (modifier?.[verb] ?? []).entries()) {
      checkSpecialHeader(verb, { name, value }, item(child(field, verb), index), report)
    }
  }
}

/** A host name or an address, with or without a port. */
const AUTHORITY = /^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/

function checkSpecialHeader(verb: 'set' | 'add', { name, value }: NamedValue, field: string, report: Report): void {
  const lower = name.toLowerCase()
  if (CONNECTION_HEADERS.includes(lower)) {
    report.warning(child(field, 'name'), `has no effect: the HTTP client writes ${lower} for each connection itself`)
  }
  if (lower !== 'host') return
  if (verb === 'add')
    report.warning(child(field, 'name'), 'has no effect: a request has one authority, which can be set')
  else if (!AUTHORITY.test(value)) {
    report.violation(child(field, 'value'), `${quote(value)} must be a host, with or without a port`)
  }
}

/** `HTTPHeaderFilter`. */
export function checkHeaderModifier(modifier: HeaderModifier | undefined, field: string, report: Report): void {
  if (modifier === undefined) return
  checkNamedValues(modifier.set, child(field, 'set'), report)
  checkNamedValues(modifier.add, child(field, 'add'), report)
  const remove = modifier.remove ?? []
  for (const [index, name] of remove.entries()) {
    report.check(item(child(field, 'remove'), index), headerNameProblem(name))
  }
  checkUnique(remove, (index) => item(child(field, 'remove'), index), report)
}

function checkNamedValues(values: readonly NamedValue[] | undefined, field: string, report: Report): void {
  for (const [index, { name, value }] of (values ?? []).entries()) {
    const at = item(field, index)
    if (name !== undefined) report.check(child(at, 'name'), headerNameProblem(name))
    if (value !== undefined) report.check(child(at, 'value'), headerValueProblem(value))
  }
  checkUnique(
    values?.map(({ name }) => name),
    (index) => child(item(field, index), 'name'),
    report,
  )
}
