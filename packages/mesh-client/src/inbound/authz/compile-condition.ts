import type { RbacCondition, ValueMatcher, Violation } from '@weft/mesh-protocol'
import type { StringTest } from '../../kernel/plain-regex.ts'
import { AnyOf } from './any-of.ts'
import { addressLeaf, PATH, PRINCIPAL, type TextAttribute, type TextLeaf, textLeaf } from './attributes.ts'
import type { RequestTest } from './authz-request.ts'
import { compileRange, isInRange } from './cidr-index.ts'
import { identityPattern, serviceAccountTest } from './identity-patterns.ts'
import { compileUriTemplate } from './uri-template.ts'
import { compileValue } from './value-matcher.ts'

/** From so many alternatives on it pays to file them. */
const MANY = 5

/** @param field where the condition stands; what cannot be compiled is reported below it, and never holds */
export function compileCondition(condition: RbacCondition, field: string, violations: Violation[]): RequestTest {
  const each = (parts: readonly RbacCondition[], name: string): RequestTest[] =>
    parts.map((part, index) => compileCondition(part, `${field}.${name}[${index}]`, violations))
  if ('and' in condition) return allOf(each(condition.and, 'and'))
  if ('or' in condition) return anyOf(condition.or, each(condition.or, 'or'))
  if ('not' in condition) {
    const inner = condition.not
    if ('urlPath' in inner && 'exact' in inner.urlPath && inner.urlPath.ignoreCase === undefined) {
      const { exact } = inner.urlPath
      return ({ path }) => path !== exact
    }
    const test = compileCondition(inner, `${field}.not`, violations)
    return (request) => !test(request)
  }
  if ('any' in condition) return () => true
  if ('uriTemplate' in condition) return templateTest(condition.uriTemplate, `${field}.uriTemplate`, violations)
  return leafTest(condition, field, violations)
}

function allOf(tests: readonly RequestTest[]): RequestTest {
  const [first, second] = tests
  if (first === undefined) return () => true
  if (second === undefined) return first
  if (tests.length === 2) return (request) => first(request) && second(request)
  return (request) => {
    for (const test of tests) if (!test(request)) return false
    return true
  }
}

function anyOf(conditions: readonly RbacCondition[], tests: readonly RequestTest[]): RequestTest {
  const [first, second] = tests
  if (first === undefined) return () => false
  if (second === undefined) return first
  if (tests.length === 2) return (request) => first(request) || second(request)
  if (tests.length < MANY) return (request) => tests.some((test) => test(request))
  const filed = new AnyOf(
    conditions.map((condition, index) => ({ condition, test: tests[index] as RequestTest, label: undefined })),
  )
  return (request) => filed.find(request) !== undefined
}

function templateTest(template: string, field: string, violations: Violation[]): RequestTest {
  const compiled = compileUriTemplate(template)
  if (!compiled.ok) {
    violations.push({ field, message: compiled.error })
    return () => false
  }
  const { test } = compiled.value
  return ({ path }) => path !== undefined && test(path)
}

function leafTest(condition: RbacCondition, field: string, violations: Violation[]): RequestTest {
  if ('destinationPort' in condition) {
    const port = condition.destinationPort
    return ({ destinationPort }) => destinationPort === port
  }
  if ('header' in condition && 'exact' in condition.header.value && condition.header.value.ignoreCase === undefined) {
    const { name, value } = condition.header
    const { exact } = value
    return (request) => request.header(name) === exact
  }
  const address = addressLeaf(condition)
  if (address !== undefined) {
    const { attribute } = address
    const range = compileRange(address.range)
    return range === undefined ? () => false : (request) => isInRange(attribute.read(request), range)
  }
  const text = textLeaf(condition)
  // What is left is metadata of filters, of which there are none.
  return text === undefined ? () => false : textTest(text, `${field}.${text.field}`, violations)
}

function identityTest(attribute: TextAttribute, value: ValueMatcher): StringTest | undefined {
  if (attribute !== PRINCIPAL || !('regex' in value)) return undefined
  const { namespace, serviceAccount } = identityPattern(value.regex) ?? {}
  return namespace === undefined || serviceAccount === undefined
    ? undefined
    : serviceAccountTest(namespace, serviceAccount)
}

function textTest({ attribute, value }: TextLeaf, field: string, violations: Violation[]): RequestTest {
  const test = identityTest(attribute, value) ?? compileValue(value, field, violations)
  // Most rules ask for these, and where nothing tells rules apart each of them does.
  if (attribute === PATH) {
    if ('exact' in value && value.ignoreCase === undefined) return ({ path }) => path === value.exact
    return ({ path }) => path !== undefined && test(path)
  }
  return (request) => {
    const read = attribute.read(request)
    if (read === undefined) return false
    return typeof read === 'string' ? test(read) : read.some(test)
  }
}
