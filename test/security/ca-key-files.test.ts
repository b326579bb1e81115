import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startControlServer } from '../../packages/control-server/src/server.ts'
import { keyPem, p256, requestOf } from '../support/certificate-requests.ts'

/*
 * Whoever has the authority's key is every workload of the mesh. A server that finds it lost, replaced or open to others does
 * not start, and writes nothing over it: what is left may be all that there is to mend it with.
 */
let dataDir: string
let directory: string
const file = (name: string): string => path.join(directory, name)

/** Of a server on a data directory; what it started is ended. */
async function fingerprint(): Promise<string> {
  const server = await startControlServer({ listen: '127.0.0.1:0', dataDir })
  try {
    return await server.caFingerprint()
  } finally {
    await server.close()
  }
}

function contents(): Record<string, string> {
  return Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(file(name), 'utf8')]))
}

beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'weft-ca-'))
  directory = path.join(dataDir, 'ca')
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const damages: readonly {
  readonly name: string
  readonly damage: () => void
  readonly code: string
  readonly message: RegExp
}[] = [
  {
    name: 'the key is lost',
    damage: () => rmSync(file('root-1-key.pem')),
    code: 'WEFT_CA_KEY_LOST',
    message: /root-1-key\.pem is not there.*put the key back from your backup/s,
  },
  {
    name: 'the key is another one',
    damage: () => writeFileSync(file('root-1-key.pem'), keyPem(p256().privateKey)),
    code: 'WEFT_CA_KEY_MISMATCH',
    message: /is not the key of .*root-1-cert\.pem/,
  },
  {
    name: 'the key is damaged',
    damage: () => writeFileSync(file('root-1-key.pem'), 'no key'),
    code: 'WEFT_CA_INVALID',
    message: /holds no private key in PEM/,
  },
  {
    name: 'everybody can read the key',
    damage: () => chmodSync(file('root-1-key.pem'), 0o644),
    code: 'WEFT_CA_KEY_EXPOSED',
    message: /mode 0644.*chmod 600 .*change the key/s,
  },
  {
    name: 'the group can read the key',
    damage: () => chmodSync(file('root-1-key.pem'), 0o640),
    code: 'WEFT_CA_KEY_EXPOSED',
    message: /mode 0640/,
  },
  {
    name: 'everybody can put files there',
    damage: () => chmodSync(directory, 0o777),
    code: 'WEFT_CA_KEY_EXPOSED',
    message: /mode 0777.*chmod 700/,
  },
  {
    name: 'the certificate is lost',
    damage: () => rmSync(file('root-1-cert.pem')),
    code: 'WEFT_CA_INVALID',
    message: /root-1-cert\.pem is not there/,
  },
  {
    name: 'the state is damaged',
    damage: () => writeFileSync(file('rotation.json'), '{"phase":"stable","root":"../../elsewhere"}'),
    code: 'WEFT_CA_INVALID',
    message: /rotation\.json is damaged/,
  },
]

describe('a server does not start, and changes nothing, where', () => {
  test.each(damages)('$name', async ({ damage, code, message }) => {
    await fingerprint()
    damage()
    const before = contents()
    await expect(fingerprint()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(contents()).toEqual(before)
  })
})

test('the authority is the same one after a restart, and after its key was put back', async () => {
  const first = await fingerprint()
  renameSync(file('root-1-key.pem'), file('away'))
  await expect(fingerprint()).rejects.toMatchObject({ code: 'WEFT_CA_KEY_LOST' })
  renameSync(file('away'), file('root-1-key.pem'))
  expect(await fingerprint()).toBe(first)
})

test('a state that was never written, as the process ended before, is made up for', async () => {
  const first = await fingerprint()
  rmSync(file('rotation.json'))
  expect(await fingerprint()).toBe(first)
})

test('a draft that somebody has put in the way is not written through', async () => {
  await fingerprint()
  const server = await startControlServer({ listen: '127.0.0.1:0', dataDir })
  writeFileSync(file('root-2-key.pem.new'), 'mine', { mode: 0o666 })
  await fetch(`${server.url}/v1/ca/rotate`, { method: 'POST' })
  await server.close()
  expect(readFileSync(file('root-2-key.pem'), 'utf8')).toContain('PRIVATE KEY')
  expect(readdirSync(directory)).not.toContain('root-2-key.pem.new')
})

test('no answer of the API and no line of the log has a key in it', async () => {
  const said: string[] = []
  const say = (message: string, details?: object): void => void said.push(message + JSON.stringify(details ?? {}))
  const logger = { debug: say, info: say, warn: say, error: say }
  const server = await startControlServer({ listen: '127.0.0.1:0', dataDir, logger })
  for (const route of [
    '/v1/trust-bundle',
    '/v1/trust-bundle?format=pem',
    '/v1/ca',
    '/v1/certificates',
    '/v1/clients',
  ]) {
    said.push(await (await fetch(server.url + route)).text())
  }
  said.push(await (await fetch(`${server.url}/v1/ca/rotate`, { method: 'POST' })).text())
  await server.close()
  const keys = readdirSync(directory).filter((name) => name.endsWith('-key.pem'))
  expect(keys).toHaveLength(2)
  for (const name of keys) {
    const [, body = ''] = readFileSync(file(name), 'utf8').split('\n')
    expect(said.join('\n')).not.toContain(body)
  }
  expect(said.join('\n')).not.toContain('PRIVATE KEY')
})

test('another root is not begun with behind the back of workloads that have certificates of one that is gone', async () => {
  const options = { listen: '127.0.0.1:0', dataDir }
  const first = await startControlServer(options)
  const pinned = await first.caFingerprint()
  const token = await first.createToken({ namespace: 'default', serviceAccount: 'default' })
  const { status } = await fetch(`${first.url}/v1/certificates`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ csr: requestOf(), workloadId: 'w1' }),
  })
  expect(status).toBe(200)
  await first.close()
  rmSync(directory, { recursive: true })
  await expect(startControlServer(options)).rejects.toMatchObject({
    code: 'WEFT_CA_KEY_LOST',
    message: expect.stringMatching(/is not there, but certificates.*from your backup.*mkdir -m 700/s),
  })
  mkdirSync(directory, { mode: 0o700 })
  expect(await fingerprint()).not.toBe(pinned)
})
