import type { Violation } from '@weft/mesh-protocol'
import { MeshError } from '../kernel/errors.ts'

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A value and where it was given, for messages. */
export interface Given<T> {
  readonly value: T
  /** `option control`, `WEFT_CONTROL` or `default`. */
  readonly from: string
}

/** Takes an option from code, then from the environment, and collects everything that is wrong on the way. */
export class Settings {
  readonly #environment: Environment
  readonly #violations: Violation[] = []

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /**
   * The first that is given: `coded`, then each of `variables` (read by `parse`, which gives `undefined` for a text that
   * it cannot take), then `fallback`. `accepts` says in words what is right.
   */
  take<T>(rule: {
    readonly name: string
    readonly coded: T | undefined
    readonly variables: readonly string[]
    readonly parse: (text: string) => T | undefined
    readonly valid: (value: T) => boolean
    readonly accepts: string
    readonly fallback: T
    readonly secret?: boolean
  }): Given<T> {
    const found =
      rule.coded === undefined ? this.#fromEnvironment(rule) : { value: rule.coded, from: `option ${rule.name}` }
    if (found === undefined) return { value: rule.fallback, from: 'default' }
    if (found.value !== undefined && rule.valid(found.value)) return { value: found.value, from: found.from }
    this.reject({ ...rule, from: found.from, value: rule.coded ?? this.#environment[found.from] })
    return { value: rule.fallback, from: 'default' }
  }

  reject(bad: {
    readonly name: string
    readonly from: string
    readonly value: unknown
    readonly accepts: string
    readonly secret?: boolean
  }): void {
    const shown = bad.secret === true ? 'a secret that is not shown' : describe(bad.value)
    this.#violations.push({ field: bad.name, message: `is ${shown} (from ${bad.from}) but must be ${bad.accepts}` })
  }

  /** Throws `WEFT_CONFIG` that lists everything rejected so far. */
  check(): void {
    if (this.#violations.length === 0) return
    const lines = this.#violations.map(({ field, message }) => `- ${field} ${message}`)
    const count = lines.length === 1 ? 'An option is' : `${lines.length} options are`
    throw new MeshError('WEFT_CONFIG', `${count} not usable:\n${lines.join('\n')}`)
  }

  #fromEnvironment<T>({
    variables,
    parse,
  }: {
    readonly variables: readonly string[]
    readonly parse: (text: string) => T | undefined
  }): Given<T | undefined> | undefined {
    const name = variables.find((variable) => (this.#environment[variable] ?? '') !== '')
    return name === undefined ? undefined : { value: parse(this.#environment[name] as string), from: name }
  }
}

const LONGEST_SHOWN = 200

/** A value as a message shows it; never throws. */
export function describe(value: unknown): string {
  const text = asJson(value)
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}

function asJson(value: unknown): string {
  try {
    const plain = (_: string, inner: unknown): unknown => (typeof inner === 'function' ? 'a function' : inner)
    return JSON.stringify(value, plain) ?? String(value)
  } catch {
    // JSON has no big integers and nothing that holds itself, such as a server or a logger.
    return typeof value === 'object' ? `an object of class ${value?.constructor?.name ?? 'none'}` : String(value)
  }
}
