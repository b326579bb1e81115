/** What proves who somebody is. */
export type CredentialSort = 'token' | 'kubernetes' | 'attestor' | 'certificate'

/** As records and the audit log call it: `token/<id>`, `kubernetes/<namespace>/<name>`,
 * `attestor/<its name>/<namespace>/<name>`, `certificate/<serial>`. */
export function credentialName(sort: CredentialSort, of: string): string {
  return `${sort}/${of}`
}

/** What stands behind the sort; `undefined`: it is of another. */
export function credentialOf(sort: CredentialSort, name: string): string | undefined {
  return name.startsWith(`${sort}/`) ? name.slice(sort.length + 1) : undefined
}
