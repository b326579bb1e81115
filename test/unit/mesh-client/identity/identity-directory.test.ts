import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createKeyWithRequest } from '../../../../packages/mesh-client/src/identity/certificate-signing-request.ts'
import {
  createIdentityDirectory,
  type IdentityDirectory,
  type IdentityDirectoryDeps,
} from '../../../../packages/mesh-client/src/identity/identity-directory.ts'
import { readCertificateResponse, type Svid } from '../../../../packages/mesh-client/src/identity/svid.ts'
import { type CertificateStub, createCertificateStub } from '../../../support/certificate-stub.ts'

const HOUR_MS = 3_600_000
const FILES = ['key.pem', 'cert-chain.pem', 'root-cert.pem', 'identity.json']
const uid = process.getuid?.()

let parent: string
let directory: string
let warnings: string[]
let stub: CertificateStub
let now: number

beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'weft-identity-'))
  directory = path.join(parent, 'here')
  warnings = []
  stub = createCertificateStub()
  now = Date.UTC(2026, 0, 1)
})

afterEach(() => rmSync(parent, { recursive: true, force: true }))

function open(changes: Partial<IdentityDirectoryDeps> = {}): IdentityDirectory {
  const quiet = (): void => undefined
  return createIdentityDirectory({
    directory,
    namespace: 'default',
    serviceAccount: 'default',
    holder: { workloadId: 'web-0123456789ab', pid: 7, startedAt: 1_000_000 },
    uid,
    clock: { now: () => 0, wallNow: () => now },
    logger: {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (message, details) => warnings.push(`${message}: ${details?.reason}`),
    },
    ...changes,
  })
}

async function newSvid(): Promise<Svid> {
  const { privateKey, csr } = await createKeyWithRequest()
  const { text } = await stub.answer({ csr, workloadId: 'w' })
  const read = readCertificateResponse(JSON.parse(text), privateKey)
  if (!read.ok) throw new Error(read.error)
  return read.value
}

async function saved(svid?: Svid): Promise<Svid> {
  const kept = svid ?? (await newSvid())
  const opened = open()
  opened.save(kept, HOUR_MS)
  await opened.idle()
  return kept
}

const file = (name: string): string => path.join(directory, name)

describe('what is kept', () => {
  test('comes back with what is left of its time', async () => {
    const svid = await saved()
    now += 0.25 * HOUR_MS
    const kept = await open().load()
    expect(kept?.remainingMs).toBe(0.75 * HOUR_MS)
    expect(kept?.svid).toMatchObject({
      uri: svid.uri,
      certificateChain: svid.certificateChain,
      trust: svid.trust,
      ttlMs: svid.ttlMs,
    })
    expect(kept?.svid.privateKey.equals(svid.privateKey)).toBe(true)
  })

  test("is this user's alone, whatever the umask, and in PEM that other tools read", async () => {
    const before = process.umask(0)
    try {
      await saved()
    } finally {
      process.umask(before)
    }
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    for (const name of FILES) expect(statSync(file(name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(file('key.pem'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/)
    expect(readFileSync(file('root-cert.pem'), 'utf8')).toBe(stub.ca.root)
  })

  test('is the newest of several, and nothing else is left beside it', async () => {
    const opened = open()
    const [one, other] = [await newSvid(), await newSvid()]
    opened.save(one, HOUR_MS)
    opened.save(other, HOUR_MS)
    await opened.idle()
    expect((await open().load())?.svid.certificateChain).toBe(other.certificateChain)
    expect(FILES.some((name) => existsSync(file(`${name}.new`)))).toBe(false)
  })

  test('is not used after its time, nor for longer where the clock was set back', async () => {
    await saved()
    now += HOUR_MS
    expect(await open().load()).toBeUndefined()
    now -= 3 * HOUR_MS
    expect((await open().load())?.remainingMs).toBe(HOUR_MS)
    expect(warnings).toEqual([])
  })

  test('nothing is nothing to tell of', async () => {
    expect(await open().load()).toBeUndefined()
    mkdirSync(directory, { mode: 0o700 })
    expect(await open().load()).toBeUndefined()
    expect(warnings).toEqual([])
  })
})

describe('a process that dies while it writes', () => {
  /** What is on disk when it has come so far: names of the new files that are in place, the others still beside. */
  test.each([
    ['before anything is in place', []],
    ['with the description in place', ['identity.json']],
    ['with some in place', ['identity.json', 'key.pem']],
    ['with all but one in place', ['identity.json', 'key.pem', 'cert-chain.pem']],
    ['with all in place', ['identity.json', 'key.pem', 'cert-chain.pem', 'root-cert.pem']],
  ])('%s leaves a whole identity', async (_when, inPlace) => {
    const old = await saved()
    const before = Object.fromEntries(FILES.map((name) => [name, readFileSync(file(name), 'utf8')]))
    stub.ca = createCertificateStub().ca
    const next = await saved()
    for (const name of FILES.filter((each) => !inPlace.includes(each))) {
      renameSync(file(name), file(`${name}.new`))
      writeFileSync(file(name), before[name] as string, { mode: 0o600 })
    }
    const kept = await open().load()
    expect(kept?.svid.certificateChain).toBe((inPlace.length === 0 ? old : next).certificateChain)
    expect(warnings).toEqual([])
  })
})

describe('what cannot be used is put aside with a warning', () => {
  const cases: readonly [string, () => void | Promise<void>, RegExp][] = [
    ['a description that is cut off', () => writeFileSync(file('identity.json'), '{"format":'), /not of format 1/],
    ['one of another format', () => writeFileSync(file('identity.json'), '{"format":2}'), /not of format 1/],
    [
      'a certificate that is cut off',
      () => writeFileSync(file('cert-chain.pem'), '-----BEGIN'),
      /cert-chain\.pem is missing or/,
    ],
    ['a key that is missing', () => rmSync(file('key.pem')), /key\.pem is missing or/],
    ['a very large file', () => writeFileSync(file('identity.json'), ' '.repeat(2 * 1024 * 1024)), /larger than/],
    [
      'a root of somebody else',
      () => writeFileSync(file('root-cert.pem'), createCertificateStub().ca.root),
      /root-cert\.pem is missing or/,
    ],
    [
      'the identity of somebody else',
      async () => {
        stub.leaf = { serviceAccount: 'ratings' }
        await saved()
      },
      /somebody else, spiffe:\/\/cluster\.local\/ns\/default\/sa\/ratings/,
    ],
  ]
  test.each(cases)('%s', async (_what, harm, reason) => {
    await saved()
    await harm()
    expect(await open().load()).toBeUndefined()
    expect(warnings).toEqual([expect.stringMatching(reason)])
    expect(existsSync(file('identity.json.unusable'))).toBe(true)
    await saved(await newSvid())
    expect(existsSync(file('identity.json'))).toBe(true)
  })
})

describe.skipIf(uid === undefined)('what others can get at is neither read nor written', () => {
  const cases: readonly [string, () => void, RegExp][] = [
    ['a directory that others may read', () => chmodSync(directory, 0o755), /others can get at .*here: .*chmod go=/],
    ['a directory that the group may enter', () => chmodSync(directory, 0o710), /others can get at/],
    ['a key that others may read', () => chmodSync(file('key.pem'), 0o644), /others can get at .*key\.pem/],
    ['a description that others may write', () => chmodSync(file('identity.json'), 0o602), /others can get at/],
    [
      'a link in place of the key',
      () => {
        renameSync(file('key.pem'), path.join(parent, 'key.pem'))
        symlinkSync(path.join(parent, 'key.pem'), file('key.pem'))
      },
      /key\.pem is a link/,
    ],
    [
      'a link in place of the directory',
      () => {
        renameSync(directory, path.join(parent, 'there'))
        symlinkSync(path.join(parent, 'there'), directory)
      },
      /is no directory/,
    ],
  ]
  test.each(cases)('%s', async (_what, harm, reason) => {
    await saved()
    harm()
    expect(await open().load()).toBeUndefined()
    expect(warnings).toEqual([expect.stringMatching(reason)])
    expect(existsSync(file('identity.json.unusable'))).toBe(false)
  })

  test('a directory of another user', async () => {
    await saved()
    expect(await open({ uid: (uid ?? 0) + 1 }).load()).toBeUndefined()
    expect(warnings.join()).toContain('belongs to user')
  })

  test('and so the key is not put into a directory that others may read', async () => {
    mkdirSync(directory, { mode: 0o755 })
    chmodSync(directory, 0o755)
    const opened = open()
    opened.save(await newSvid(), HOUR_MS)
    opened.save(await newSvid(), HOUR_MS)
    await opened.idle()
    expect(FILES.flatMap((name) => [existsSync(file(name)), existsSync(file(`${name}.new`))])).not.toContain(true)
    expect(warnings).toEqual([expect.stringMatching(/cannot be kept for the next start: others can get at/)])
  })

  test('and a link beside the key is not written through', async () => {
    const target = path.join(parent, 'target')
    writeFileSync(target, 'untouched')
    mkdirSync(directory, { mode: 0o700 })
    symlinkSync(target, file('key.pem.new'))
    const opened = open()
    opened.save(await newSvid(), HOUR_MS)
    await opened.idle()
    expect(readFileSync(target, 'utf8')).toBe('untouched')
    expect(warnings).toHaveLength(1)
  })
})
