import { X509Certificate } from 'node:crypto'

import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { requestOf } from '../support/certificate-requests.ts'
import { startServerProcess } from '../support/control-server.ts'
import { tempFolder } from '../support/control-stores.ts'
import { type CliRun, weft } from '../support/fake-terminal.ts'
import { secureCall } from '../support/secure-api.ts'

const folder = tempFolder()
let server: ControlServer
let env: Record<string, string>
beforeAll(async () => {
  server = await startControlServer({
    listen: '127.0.0.1:0',
    dataDir: path.join(folder.path, 'data'),
    secure: true,
    certificateTtlMs: 60_000,
  })
  env = {
    WEFT_CONTROL: server.url,
    WEFT_TOKEN: server.adminToken as string,
    WEFT_CA_FINGERPRINT: await server.caFingerprint(),
  }
})
afterAll(async () => {
  await server.close()
  folder.remove()
})

const run = (line: string): Promise<CliRun> => weft(line.split(' '), { env })

async function join(serviceAccount: string): Promise<string> {
  const token = await server.createToken({ namespace: 'default', serviceAccount })
  const { body } = await secureCall(`${server.url}/v1/certificates`, {
    method: 'POST',
    token,
    body: { csr: requestOf(), workloadId: `${serviceAccount}-1` },
  })
  return new X509Certificate(body.certificateChain[0]).serialNumber.toLowerCase()
}

describe('weft certs', () => {
  test('lists what is good and by whose credential, revokes, and restores', async () => {
    const reviews = await join('reviews')
    const ratings = await join('ratings')
    const listed = await run('certs')
    expect(listed.code).toBe(0)
    const rows = listed.out.split('\n').map((row) => row.split(/ {2,}/))
    expect(rows[0]).toEqual(['SERIAL', 'IDENTITY', 'WORKLOAD', 'BY', 'ISSUED', 'ENDS', 'REVOKED'])
    expect(rows[1]?.slice(0, 3)).toEqual([ratings, 'spiffe://cluster.local/ns/default/sa/ratings', 'ratings-1'])
    expect(rows[2]?.at(3)).toMatch(/^token\/[a-z0-9]+$/)
    expect(rows.map((row) => row.at(-1))).toEqual(['REVOKED', '-', '-'])

    const bySerial = await run(`certs revoke --serial ${reviews.toUpperCase()}`)
    expect(bySerial.out).toMatch(
      new RegExp(`^revoked: certificate ${reviews} of default/reviews, on .* by token/`, 'm'),
    )
    const byIdentity = await run('certs revoke --identity default/ratings -o yaml')
    expect(parse(byIdentity.out).certificates.map(({ revoked }: { revoked: string }) => revoked)).toEqual([
      'identity',
      'certificate',
    ])
    const restored = await run('certs restore --identity spiffe://cluster.local/ns/default/sa/ratings -o json')
    expect(JSON.parse(restored.out).revocations).toEqual([expect.objectContaining({ kind: 'serial', serial: reviews })])
    expect(await run('certs restore --identity default/ratings')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not revoked'),
    })
  })

  test.each(['certs revoke', 'certs revoke --serial 1 --identity a/b', 'certs restore'])(
    '%s is wrong usage',
    async (line) => {
      expect((await run(line)).code).toBe(2)
    },
  )

  test('shows the root, prints what is pinned, and changes it', async () => {
    const pinned = await server.caFingerprint()
    expect((await run('certs ca --fingerprint')).out).toBe(pinned)
    const pem = (await run('certs ca --pem')).out
    expect(new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()).toBe(pinned)
    expect((await run('certs ca')).out).toMatch(
      new RegExp(`^built-in root of the trust domain cluster.local\nFINGERPRINT.*\n${pinned} .*CN=Weft mesh root`),
    )
    const rotating = await run('certs rotate')
    expect(rotating.out).toMatch(
      /^change of the root: a new root is being made known, since .*, until .* at the latest$/m,
    )
    expect(await run('certs rotate')).toMatchObject({ code: 1, err: expect.stringContaining('under way') })
    expect((await run('certs')).out).toContain('change of the root: a new root is being made known')
    expect(JSON.parse((await run('certs ca -o json')).out).roots).toHaveLength(2)
  })
})

describe('weft server', () => {
  test('takes an authority that cannot be used for a reason not to start', async () => {
    const empty = path.join(folder.path, 'empty')
    const line = `server --listen 127.0.0.1:0 --data-dir ${path.join(folder.path, 'other')} --ca-dir ${empty}`
    expect(await run(line)).toMatchObject({ code: 4, err: expect.stringContaining('ca-cert.pem is not there') })
  })

  test.each([
    ['--certificate-ttl 5s', 'certificateTtlMs: must be a whole number from 10000'],
    ['--certificate-ttl 1d', 'Write a duration'],
    ['--tls-name http://control', 'tlsNames: must be a list of DNS names'],
  ])('does not start with %s', async (flags, message) => {
    const { code, err } = await run(`server --listen 127.0.0.1:0 --data-dir ${folder.path}/other ${flags}`)
    expect([2, 4]).toContain(code)
    expect(err).toContain(message)
  })

  test('has an authority when somebody first needs one, and not before', async () => {
    const started = await startServerProcess(path.join(folder.path, 'lazy'))
    const at = { env: { WEFT_CONTROL: started.url } }
    expect(JSON.parse((await weft(['certs', '-o', 'json'], at)).out)).toEqual({
      certificates: [],
      revocations: [],
      ca: { roots: [] },
    })
    expect((await weft(['certs', 'ca', '-o', 'json'], at)).out).toContain('"built-in root"')
    await started.stop()
  })
})
