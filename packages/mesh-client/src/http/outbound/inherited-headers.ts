import type { RequestContext } from '../../context/request-context.ts'
import { BAGGAGE_HEADER } from '../../kernel/header-names.ts'
import { mergeBaggage } from '../../routing/baggage.ts'
import { addMissing, findHeader, type RequestHeaders, setHeader } from './request-headers.ts'

/** Puts into a call what follows the request that it is made for; what the application itself says counts first. */
export function inheritHeaders(headers: RequestHeaders, { headers: carried, baggage }: RequestContext): void {
  addMissing(headers, carried)
  if (baggage !== undefined) addBaggage(headers, baggage, 'after')
}

/** Adds members of baggage; of a key that is there already, those `before` go first and those `after` are left out. */
export function addBaggage(headers: RequestHeaders, baggage: string, place: 'before' | 'after'): void {
  const given = findHeader(headers, BAGGAGE_HEADER)
  if (given === undefined) headers.push(BAGGAGE_HEADER, baggage)
  else {
    setHeader(headers, BAGGAGE_HEADER, place === 'before' ? mergeBaggage(baggage, given) : mergeBaggage(given, baggage))
  }
}
