import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DirectoryVault } from '../../../../packages/control-server/src/ca/directory-vault.ts'
import type { AuthorityState } from '../../../../packages/control-server/src/ca/root-vault.ts'
import { makeSerial } from '../../../../packages/control-server/src/ca/serial.ts'
import { type Issuer, makeRoot } from '../../../../packages/control-server/src/ca/x509-library.ts'

/*
 * A process may end between any two of the files that a step writes. What it leaves is put together here by hand, from what is
 * there before and after the step: the authority is then the one before or the one after, and never none or refused.
 */
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'weft-vault-'))
  await keep('one', { rotation: { phase: 'stable', root: 'root-1' }, roots: new Map([['root-1', await root()]]) })
  const first = (await vaultAt('one').load()) as AuthorityState
  copy('one', 'two', () => true)
  await keep('two', {
    rotation: { phase: 'introducing', old: 'root-1', next: 'root-2', sinceMs: 1 },
    roots: new Map(first.roots).set('root-2', await root()),
  })
  const second = (await vaultAt('two').load()) as AuthorityState
  copy('two', 'three', () => true)
  await keep('three', {
    rotation: { phase: 'stable', root: 'root-2' },
    roots: new Map([['root-2', second.roots.get('root-2') as Issuer]]),
  })
})
afterAll(() => rmSync(folder, { recursive: true }))

function root(): Promise<Issuer> {
  const now = Date.now()
  return makeRoot({ commonName: 'root', serial: makeSerial(), notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 })
}

const at = (name: string): string => path.join(folder, name)
const vaultAt = (name: string): DirectoryVault => new DirectoryVault(at(name), Date.now)
const keep = (name: string, state: AuthorityState): Promise<void> => vaultAt(name).save(state)

function copy(from: string, to: string, isWanted: (file: string) => boolean): void {
  mkdirSync(at(to), { recursive: true, mode: 0o700 })
  for (const file of readdirSync(at(from)))
    if (isWanted(file)) copyFileSync(path.join(at(from), file), path.join(at(to), file))
}

const believed = async (name: string): Promise<readonly string[] | undefined> => {
  const state = await vaultAt(name).load()
  return state && [...state.roots.keys()]
}

const cut: readonly {
  readonly name: string
  readonly files: readonly (readonly [from: string, ...files: readonly string[]])[]
  readonly roots: readonly string[] | undefined
  readonly next: string
}[] = [
  { name: 'nothing', files: [], roots: undefined, next: 'root-1' },
  { name: 'the key of the first root', files: [['one', 'root-1-key.pem']], roots: undefined, next: 'root-2' },
  {
    name: 'the first root without the state',
    files: [['one', 'root-1-key.pem', 'root-1-cert.pem']],
    roots: ['root-1'],
    next: 'root-2',
  },
  {
    name: 'the key of the second root',
    files: [
      ['one', 'root-1-key.pem', 'root-1-cert.pem', 'rotation.json'],
      ['two', 'root-2-key.pem'],
    ],
    roots: ['root-1'],
    next: 'root-3',
  },
  {
    name: 'the second root before the state names it',
    files: [
      ['one', 'root-1-key.pem', 'root-1-cert.pem', 'rotation.json'],
      ['two', 'root-2-key.pem', 'root-2-cert.pem'],
    ],
    roots: ['root-1'],
    next: 'root-3',
  },
  {
    name: 'the old root after the state has dropped it',
    files: [
      ['two', 'root-1-key.pem', 'root-1-cert.pem', 'root-2-key.pem', 'root-2-cert.pem'],
      ['three', 'rotation.json'],
    ],
    roots: ['root-2'],
    next: 'root-3',
  },
  {
    name: 'the certificate of the old root without its key',
    files: [
      ['two', 'root-1-cert.pem', 'root-2-key.pem', 'root-2-cert.pem'],
      ['three', 'rotation.json'],
    ],
    roots: ['root-2'],
    next: 'root-3',
  },
]

describe('a process that ends with', () => {
  test.each(cut)('$name on disk leaves an authority that is whole', async ({ name, files, roots, next }) => {
    const directory = `cut ${name}`
    mkdirSync(at(directory), { mode: 0o700 })
    for (const [from, ...wanted] of files) copy(from, directory, (file) => wanted.includes(file))
    writeFileSync(path.join(at(directory), 'rotation.json.new'), 'half of a dra')
    expect(await believed(directory)).toEqual(roots)
    expect(await vaultAt(directory).newRootId()).toBe(next)
  })
})

test('several roots without a state that says which of them count are refused', async () => {
  copy('two', 'stateless', (file) => file !== 'rotation.json')
  await expect(vaultAt('stateless').load()).rejects.toMatchObject({
    code: 'WEFT_CA_INVALID',
    message: expect.stringMatching(/root-1-cert\.pem, root-2-cert\.pem and no rotation\.json/),
  })
})
