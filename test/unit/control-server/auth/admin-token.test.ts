import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseCredential } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { keepAdminToken } from '../../../../packages/control-server/src/auth/admin-token.ts'
import { Tokens } from '../../../../packages/control-server/src/auth/tokens.ts'
import { STORES, type StoreUnderTest, tempFolder } from '../../../support/control-stores.ts'

async function scene() {
  const under = STORES.memory?.() as StoreUnderTest
  const folder = tempFolder()
  const wallNow = (): number => under.time.clock.wallNow()
  const options = { store: under.store, wallNow, caFingerprint: async () => undefined, audit: () => [] }
  const file = path.join(folder.path, 'admin-token')
  return {
    folder: folder.path,
    file,
    tokens: await Tokens.follow(options),
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
