import { expect } from 'vitest'
import type { HashTable } from '../../../packages/mesh-client/src/balancing/hash-table.ts'
import { TextHash } from '../../../packages/mesh-client/src/kernel/text-hash.ts'
import type { TestHost } from '../../support/balancing.ts'
import { decimal, hash64 } from '../../support/hash64.ts'
import type { HashCase } from './hash-case.ts'

/** What ring hash and Maglev are both asked: who answers a hash, a key, a further attempt. */
export function checkPicks(table: HashTable<TestHost>, one: HashCase): void {
  for (const { hash, host } of one.picks ?? []) expect(table.pick(hash64(hash), 0)?.endpoint.id ?? null).toBe(host)
  for (const { hash, reject, host_selection_retry_count: more, host } of one.retry_picks ?? []) {
    let found = ''
    for (let attempt = 0; attempt <= more; attempt++) {
      found = table.pick(hash64(hash), attempt)?.endpoint.id ?? ''
      if (!reject.includes(found)) break
    }
    expect(found).toBe(host)
  }
  const text = new TextHash()
  for (const { key, xxh64, host } of one.picks_by_string_key ?? []) {
    const hash = text.of(key)
    if (xxh64 !== undefined) expect(decimal(hash)).toBe(xxh64)
    expect(table.pick(hash, 0)?.endpoint.id).toBe(host)
  }
}
