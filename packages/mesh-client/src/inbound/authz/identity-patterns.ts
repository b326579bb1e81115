import type { StringTest } from '../../kernel/plain-regex.ts'

/*
 * Regexes by which the control server asks for namespaces and service accounts (Istio `srcNamespaceGenerator`, `serviceAccountRegex`), known
 * again: a mesh has many of them, each of which would be a program of its own to compile and to run.
 */

const NAMESPACE = /^\.\*\/ns\/((?:[\w-]|\\[!-/:-@[-`{-~])+)\/\.\*$/
const SERVICE_ACCOUNT =
  /^spiffe:\/\/\.\+\/ns\/((?:[\w-]|\\[!-/:-@[-`{-~])+)\/\(\.\+\/\|\)sa\/((?:[\w-]|\\[!-/:-@[-`{-~])+)\(\/\.\+\)\?$/

/** What a regex asks of an identity. */
export interface IdentityPattern {
  readonly namespace: string
  /** Absent: any. */
  readonly serviceAccount: string | undefined
}

/** `undefined`: the regex is of another form. */
export function identityPattern(regex: string): IdentityPattern | undefined {
  const whole = SERVICE_ACCOUNT.exec(regex)
  if (whole !== null) {
    return { namespace: unquoted(whole[1] as string), serviceAccount: unquoted(whole[2] as string) }
  }
  const namespace = NAMESPACE.exec(regex)
  return namespace === null ? undefined : { namespace: unquoted(namespace[1] as string), serviceAccount: undefined }
}

const unquoted = (literal: string): string => literal.replace(/\\(.)/g, '$1')

const SCHEME = 'spiffe://'

/** What the regex of a service account matches. */
export function serviceAccountTest(namespace: string, serviceAccount: string): StringTest {
  const before = `/ns/${namespace}/`
  const account = `sa/${serviceAccount}`
  return (uri) => {
    if (!uri.startsWith(SCHEME) || uri.includes('\n')) return false
    // Something stands between the scheme and the namespace.
    for (let at = uri.indexOf(before, SCHEME.length + 1); at >= 0; at = uri.indexOf(before, at + 1)) {
      if (hasAccount(uri, at + before.length, account)) return true
    }
    return false
  }
}

/** The account at once, or behind further parts; then the end, or a slash and something. */
function hasAccount(uri: string, start: number, account: string): boolean {
  for (let at = uri.indexOf(account, start); at >= 0; at = uri.indexOf(account, at + 1)) {
    const begins = at === start || (at > start + 1 && uri[at - 1] === '/')
    const end = at + account.length
    if (begins && (end === uri.length || (uri[end] === '/' && end + 1 < uri.length))) return true
  }
  return false
}
