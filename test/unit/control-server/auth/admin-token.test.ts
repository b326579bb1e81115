import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseCredential } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { keepAdminToken, pinAdminToken } from '../../../../packages/control-server/src/auth/admin-token.ts'
import { Tokens } from '../../../../packages/control-server/src/auth/tokens.ts'
import { STORES, type StoreUnderTest, tempFolder } from '../../../support/control-stores.ts'

async function scene() {
  const under = STORES.memory?.() as StoreUnderTest
  const folder = tempFolder()
  const wallNow = (): number => under.time.clock.wallNow()
  let root: string | undefined
  const options = { store: under.store, wallNow, caFingerprint: async () => root, audit: () => [] }
  const file = path.join(folder.path, 'admin-token')
  return {
    folder: folder.path,
    file,
    tokens: await Tokens.follow(options),
    changeRoot: (digit: string) => {
      root = digit.repeat(64)
    },
    read: () => readFileSync(file, 'utf8').trim(),
    async [Symbol.asyncDispose]() {
      folder.remove()
      await under[Symbol.asyncDispose]()
    },
  }
}

test('the file holds a token for admins that nobody else may read, and stays as it is at the next start', async () => {
  await using at = await scene()
  const made = await keepAdminToken(at.tokens, at.folder)
  expect(at.read()).toBe(made)
  expect(statSync(at.file).mode & 0o777).toBe(0o600)
  const parts = parseCredential(at.read())
  expect(parts && at.tokens.verify(parts)).toMatchObject({ role: 'admin', createdBy: 'server' })
  expect(await keepAdminToken(at.tokens, at.folder)).toBeUndefined()
  expect(at.read()).toBe(made)
})

test('a file that is missing, of other data, or no token, is made anew', async () => {
  await using at = await scene()
  const first = await keepAdminToken(at.tokens, at.folder)
  rmSync(at.file)
  const second = await keepAdminToken(at.tokens, at.folder)
  expect(second).not.toBe(first)
  writeFileSync(at.file, `weft-api.0000000000000000.${'a'.repeat(43)}`)
  expect(await keepAdminToken(at.tokens, at.folder)).toBe(at.read())
  writeFileSync(at.file, 'hello', { mode: 0o644 })
  expect(await keepAdminToken(at.tokens, at.folder)).toBe(at.read())
  expect(statSync(at.file).mode & 0o777).toBe(0o600)
})

test('a token that was revoked is not replaced behind the back of whoever revoked it', async () => {
  await using at = await scene()
  const made = (await keepAdminToken(at.tokens, at.folder)) ?? ''
  await at.tokens.revoke(parseCredential(made)?.id ?? '', 'somebody')
  expect(await keepAdminToken(at.tokens, at.folder)).toBeUndefined()
  expect(at.read()).toBe(made)
})

test('the file names the root of now, at a start and when the root changes, and the token stays the same', async () => {
  await using at = await scene()
  const { id } = parseCredential((await keepAdminToken(at.tokens, at.folder)) ?? '') ?? {}
  const pinned = (): object => parseCredential(at.read()) ?? {}
  at.changeRoot('a')
  await pinAdminToken(at.tokens, at.folder)
  expect(pinned()).toMatchObject({ id, caFingerprint: 'a'.repeat(64) })
  at.changeRoot('b')
  expect(await keepAdminToken(at.tokens, at.folder)).toBeUndefined()
  expect(pinned()).toMatchObject({ id, caFingerprint: 'b'.repeat(64) })
  expect(statSync(at.file).mode & 0o777).toBe(0o600)
  rmSync(at.file)
  await pinAdminToken(at.tokens, at.folder)
  expect(() => at.read()).toThrow('ENOENT')
})

test('one that others could read is closed to them, and told of', async () => {
  await using at = await scene()
  const made = parseCredential((await keepAdminToken(at.tokens, at.folder)) ?? '')
  chmodSync(at.file, 0o644)
  const told: unknown[] = []
  const silent = (): void => undefined
  const warn = (...given: unknown[]): void => void told.push(given)
  await keepAdminToken(at.tokens, at.folder, { debug: silent, info: silent, warn, error: silent })
  expect(statSync(at.file).mode & 0o777).toBe(0o600)
  expect(told).toEqual([[expect.stringContaining('revoke it'), { file: at.file, id: made?.id }]])
  expect(JSON.stringify(told)).not.toContain(made?.secret)
})

test('what somebody has put in its way is not written into', async () => {
  await using at = await scene()
  const trap = path.join(at.folder, 'trap')
  writeFileSync(trap, '', { mode: 0o666 })
  symlinkSync(trap, `${at.file}.new`)
  expect(await keepAdminToken(at.tokens, at.folder)).toBe(at.read())
  expect(readFileSync(trap, 'utf8')).toBe('')
  expect(statSync(at.file).mode & 0o777).toBe(0o600)
})
