/*
 * Values of headers that a route sets may hold variables in Envoy's format, `%NAME%`, `%NAME(text)%` or
 * `%NAME(["a", "b"])%`; a bare `%` is written `%%`. What a variable means is not looked at here.
 */

/** Where one is inside a variable. */
type State = 'name' | 'arguments' | 'quote' | 'text' | 'separator' | 'parenthesis' | 'percent'

interface StateRule {
  /** What each character leads to; `end` closes the variable. */
  readonly on: Readonly<Record<string, State | 'end'>>
  /** What any other character leads to; absent: the value is malformed. */
  readonly otherwise?: State
}

const RULES: Readonly<Record<State, StateRule>> = {
  name: { on: { '%': 'end', '(': 'arguments' }, otherwise: 'name' },
  arguments: { on: { ' ': 'arguments', '[': 'quote' }, otherwise: 'text' },
  quote: { on: { ' ': 'quote', '"': 'text' } },
  text: { on: { ')': 'percent', '"': 'separator' }, otherwise: 'text' },
  separator: { on: { ' ': 'separator', ',': 'quote', ']': 'parenthesis' } },
  parenthesis: { on: { ' ': 'parenthesis', ')': 'percent' } },
  percent: { on: { ' ': 'percent', '%': 'end' } },
}

/** Control characters, except the tab. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/

const BEYOND_LATIN_1 = /[\u0100-\uffff]/

/** `REQ(name)`, `REQ(name?other)` and the same of `RESP`: what clients fill in. Of the pseudo-headers they know these three. */
const KNOWN: Readonly<Record<'request' | 'response', RegExp>> = {
  request: /^REQ\((?::(?:authority|path|method)|[^():?][^()?]*)(\?(?::(?:authority|path|method)|[^():?][^()?]*))?\)$/i,
  response: /^RESP\([^()?]+(\?[^()?]+)?\)$/,
}

/** The variables of a value that has passed {@link headerFormatProblem} which stand for nothing, as `%NAME%`. */
export function emptyVariables(value: string, side: 'request' | 'response'): string[] {
  const empty: string[] = []
  for (let at = value.indexOf('%'); at >= 0; ) {
    const end = value[at + 1] === '%' ? at + 2 : (variableEnd(value, at + 1) ?? value.length)
    const variable = value.slice(at, end)
    if (variable !== '%%' && !KNOWN[side].test(variable.slice(1, -1))) empty.push(variable)
    at = value.indexOf('%', end)
  }
  return empty
}

/** The index behind the variable whose opening `%` is before `start`; `undefined` where it does not end well. */
function variableEnd(value: string, start: number): number | undefined {
  let state: State = 'name'
  for (let at = start; at < value.length; at++) {
    const char = value[at] as string
    if (state === 'text' && char === '\\') {
      at += 1
      continue
    }
    const rule: StateRule = RULES[state]
    const next: State | 'end' | undefined = rule.on[char] ?? rule.otherwise
    if (next === 'end') return at + 1
    if (next === undefined) return undefined
    state = next
  }
  return undefined
}

/** What is wrong with a text as the value of a header. */
export function headerValueProblem(value: string): string | undefined {
  if (CONTROL.test(value)) return 'the value must not hold control characters'
  // A field value is bytes (RFC 9110, 5.5), and Node writes characters beyond these as none.
  return BEYOND_LATIN_1.test(value) ? 'the value must hold only Latin-1 characters' : undefined
}

/** What is wrong with the value of a header operation (Istio `ValidateHTTPHeaderValue`). */
export function headerFormatProblem(value: string): string | undefined {
  const problem = headerValueProblem(value)
  if (problem !== undefined) return problem
  let at = value.indexOf('%')
  while (at >= 0) {
    const end = value[at + 1] === '%' ? at + 2 : variableEnd(value, at + 1)
    if (end === undefined) return 'the value has a % that begins no %VARIABLE%; for the character itself write %%'
    at = value.indexOf('%', end)
  }
  return undefined
}
