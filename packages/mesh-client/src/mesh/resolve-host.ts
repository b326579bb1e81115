import { lookup } from 'node:dns/promises'

/**
 * Every address of a name as the system resolves it, with its hosts file and its search path; so there is no time to live, and
 * names are asked for as often as policy says.
 */
export async function resolveHost(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, order: 'verbatim' })
  return found.map(({ address }) => address)
}
