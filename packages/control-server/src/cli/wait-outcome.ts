import { isObject } from '../kernel/json-value.ts'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'

/** What clients said within `--wait`; `undefined` where the answer has no such counts. */
export function clientsLine(body: unknown): string | undefined {
  if (!isObject(body) || body.acked === undefined) return undefined
  return `clients: ${body.acked} have it in force, ${body.nacked} refuse it, ${body.pending} have not answered`
}

/** Ends the command with an error unless every client that was waited for has it in force. */
export function assertEveryClient(body: unknown): void {
  const { nacked = 0, pending = 0 } = isObject(body) ? body : {}
  if (nacked !== 0) {
    throw new CliError(EXIT.refused, 'it is stored, but some clients refuse it; "weft clients" shows which, and why')
  }
  if (pending !== 0) {
    throw new CliError(
      EXIT.refused,
      'it is stored, but not every client has answered in time; "weft clients" shows which',
    )
  }
}
