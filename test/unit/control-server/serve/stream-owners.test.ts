import { expect, test } from 'vitest'
import type { Caller } from '../../../../packages/control-server/src/auth/caller.ts'
import { isByToken, StreamOwners } from '../../../../packages/control-server/src/serve/stream-owners.ts'

const workload = (tokenId: string): Caller => ({
  kind: 'workload',
  name: 'certificate/1',
  via: 'certificate',
  tokenId,
  namespace: 'default',
  serviceAccount: 'reviews',
})
const api: Caller = { kind: 'api', name: 'token/a', role: 'admin' }

test.each<[string, Caller, boolean]>([
  ['whoever shows it', api, true],
  ['whoever has joined by it', workload('a'), true],
  ['whoever has joined by another', workload('b'), false],
  ['an identity with a role', { kind: 'api', name: 'identity/a/a', role: 'admin' }, false],
  ['nobody in particular', { kind: 'anonymous' }, false],
])('by a token is let in: %s', (_, caller, expected) => expect(isByToken(caller, 'a')).toBe(expected))

test('a stream ends whose credential is taken back, also while it is being opened', () => {
  const lost = new Set<Caller>()
  const owners = new StreamOwners((opener) => lost.has(opener))
  const ended: string[] = []
  const open = (id: string, opener: Caller): void => owners.add(id, opener, id, () => ended.push(id))
  const [early, late] = [workload('a'), workload('a')]
  open('early', early)
  open('other', workload('b'))
  // Taken back between the look at the credential of the late one and its first byte.
  lost.add(late)
  owners.endWhere((opener) => isByToken(opener, 'a'))
  open('late', late)
  expect(ended).toEqual(['early', 'late'])
})

test('of more streams than a process needs the oldest end, and those of nobody else', () => {
  const owners = new StreamOwners()
  const ended: string[] = []
  const open = (id: string, opener: Caller, nodeId = 'node'): void =>
    owners.add(id, opener, nodeId, () => ended.push(id))
  open('of another process', workload('a'), 'other')
  open('of the first', workload('a'))
  owners.remove('of the first')
  for (let count = 0; count < 10; count++) {
    open(`flood-${count}`, workload('a'))
    open(`anybody-${count}`, { kind: 'anonymous' })
  }
  expect(ended).toEqual(['flood-0', 'flood-1'])
  expect(owners.openerOf('flood-1')).toBeUndefined()
  expect(owners.openerOf('flood-2')).toBeDefined()
})
