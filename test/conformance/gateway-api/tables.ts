/** Tables that the text of Gateway API's specification states. */
export interface SpecTables {
  readonly replacePrefixMatch: readonly PrefixRow[]
  readonly pathPrefix: readonly { readonly prefix: string; readonly path: string; readonly match: boolean }[]
  readonly hostnames: readonly unknown[]
  readonly hostnameIntersection: readonly unknown[]
  readonly headerFilter: readonly HeaderRow[]
  readonly redirectPort: readonly PortRow[]
  readonly corsOrigin: readonly OriginRow[]
  readonly corsDefaults: Readonly<Record<string, string>>
  readonly durationsValid: readonly { readonly in: string; readonly ms: number }[]
  readonly durationsInvalid: readonly { readonly in: string }[]
}

export interface PrefixRow {
  readonly path: string
  readonly prefix: string
  readonly replace: string
  readonly result: string
}

type Headers = Readonly<Record<string, string>>

export interface HeaderRow {
  readonly in: Headers
  readonly set?: Headers
  readonly add?: Headers
  readonly remove?: readonly string[]
  readonly out: Headers
}

export interface PortRow {
  readonly redirectScheme: 'http' | 'https' | null
  readonly redirectPort: number | null
  readonly listenerPort: number
  readonly scheme: string
  readonly port: number
  readonly omitInLocation?: boolean
}

export interface OriginRow {
  readonly allow: string
  readonly origin: string
  readonly match: boolean
}

/** A row of one of the tables, by its name and place: `pathPrefix/2`. */
export interface TableRow<T = unknown> {
  readonly id: string
  readonly row: T
}

export function rowsOf<T>(table: string, rows: readonly T[]): TableRow<T>[] {
  return rows.map((row, index) => ({ id: `${table}/${index}`, row }))
}
