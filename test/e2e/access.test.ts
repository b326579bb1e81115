import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT } from '../../packages/control-server/src/cli/exit-codes.ts'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { registration, route, VS, virtualService } from '../support/api-bodies.ts'
import { caCertificate, keyPem, p256, requestOf } from '../support/certificate-requests.ts'
import { call } from '../support/control-server.ts'
import { tempFolder } from '../support/control-stores.ts'
import { type CliRun, weft } from '../support/fake-terminal.ts'
import { secureCall } from '../support/secure-api.ts'

const AUDITED = { kind: 'VirtualService', namespace: 'default', name: 'reviews' }

describe('a server that asks nobody', () => {
  let server: ControlServer
  beforeAll(async () => {
    server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  })
  afterAll(() => server.close())

  const bearer = (token: string, at: string, init: RequestInit = {}): Promise<Response> =>
    fetch(server.url + at, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })

  test('holds whoever presents a credential to it all the same', async () => {
    const token = await server.createToken({ namespace: 'default', serviceAccount: 'default' })
    expect((await bearer(token, '/v1/services')).status).toBe(403)
    expect((await bearer('weft-api.0000000000000000.'.padEnd(69, 'x'), '/v1/services')).status).toBe(401)
    expect((await fetch(`${server.url}/v1/services`)).status).toBe(200)
    const put = (given: object): Promise<Response> =>
      bearer(token, '/v1/workloads/w1', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(registration(given)),
      })
    expect((await put({})).status).toBe(200)
    expect((await put({ namespace: 'other' })).status).toBe(403)
  })

  test('gives nobody a certificate who has proven nothing', async () => {
    const { status, body, headers } = await call(`${server.url}/v1/certificates`, 'POST', {
      csr: requestOf(),
      workloadId: 'w1',
    })
    expect([status, body.reason]).toEqual([401, 'Unauthorized'])
    expect(headers.get('www-authenticate')).toContain('Bearer')
  })

  test('has no admin token, and refuses a token that makes no sense', async () => {
    expect(server.adminToken).toBeUndefined()
    await expect(server.createToken({ namespace: 'A', serviceAccount: 'b' })).rejects.toThrow(/namespace must be/)
  })

  test('keeps account of every change, in the commit of the change', async () => {
    await call(`${server.url}${VS}`, 'POST', virtualService('reviews', [route()]))
    await call(
      `${server.url}${VS}/reviews`,
      'PATCH',
      { metadata: { labels: { a: 'b' } } },
      'application/merge-patch+json',
    )
    // Neither of these changes anything.
    await call(`${server.url}/v1/apply?dryRun=All`, 'POST', [virtualService('reviews', [route()])])
    await call(
      `${server.url}${VS}/reviews`,
      'PATCH',
      { metadata: { labels: { a: 'b' } } },
      'application/merge-patch+json',
    )
    await call(`${server.url}${VS}/reviews`, 'PUT', { spec: { http: 5 } })
    const deleted = await call(`${server.url}${VS}/reviews`, 'DELETE')
    expect(deleted.status).toBe(200)
    const { body } = await call(`${server.url}/v1/audit?resource=virtualservice/reviews`, 'GET')
    expect(body.entries).toEqual([
      {
        revision: expect.any(Number),
        at: expect.any(String),
        principal: 'anonymous',
        verb: 'delete',
        resource: AUDITED,
        before: expect.anything(),
      },
      expect.objectContaining({ verb: 'update', before: expect.anything(), after: expect.anything() }),
      expect.objectContaining({
        verb: 'create',
        resource: AUDITED,
        after: expect.objectContaining({ kind: 'VirtualService' }),
      }),
    ])
    const [, update, create] = body.entries
    expect(update.after.metadata).toMatchObject({ labels: { a: 'b' } })
    expect(update.before.metadata.resourceVersion).toBe(String(create.revision))
  })

  test('keeps account of what a canary changes', async () => {
    const resources = [
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'paid' }, spec: { ports: [{ port: 80, name: 'http' }] } },
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'DestinationRule',
        metadata: { name: 'paid' },
        spec: { host: 'paid', subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })) },
      },
      virtualService('paid', [{ route: [{ destination: { host: 'paid', subset: 'v1' } }] }]),
    ]
    expect((await call(`${server.url}/v1/apply`, 'POST', resources)).status).toBe(200)
    const canary = `${server.url}/v1/services/default/paid/canary`
    const { body: changed } = await call(canary, 'PUT', { subset: 'v2', weight: 10 })
    const { body } = await call(`${server.url}/v1/audit?resource=VirtualService/paid&limit=1`, 'GET')
    expect(body.entries).toEqual([expect.objectContaining({ verb: 'update', revision: changed.revision })])
  })

  test.each(['limit=0', 'limit=10001', 'limit=x', 'namespace=a&namespace=b'])(
    'refuses to look for %s',
    async (query) => {
      expect((await call(`${server.url}/v1/audit?${query}`, 'GET')).status).toBe(400)
    },
  )
})

describe('a secure server with a data directory', () => {
  const folder = tempFolder()
  const dataDir = path.join(folder.path, 'data')
  let server: ControlServer
  const start = (): Promise<ControlServer> => startControlServer({ listen: '127.0.0.1:0', dataDir, secure: true })
  beforeAll(async () => {
    server = await start()
  })
  afterAll(async () => {
    await server.close()
    folder.remove()
  })
  const run = (args: readonly string[], env: Record<string, string> = {}): Promise<CliRun> =>
    weft([...args, '--server', server.url], { env })
  const local = (...args: string[]): Promise<CliRun> => run([...args, '--data-dir', dataDir])

  test('leaves a token for admins in a file that is its owner’s alone, and keeps it over a restart', async () => {
    const file = path.join(dataDir, 'admin-token')
    const token = readFileSync(file, 'utf8').trim()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(server.adminToken).toBe(token)
    await server.close()
    server = await start()
    expect(server.adminToken).toBeUndefined()
    expect(await run(['services'], { WEFT_TOKEN_FILE: file })).toMatchObject({ code: EXIT.ok })
  })

  test('is used by weft on the same machine, and by nobody without a credential', async () => {
    expect(await local('services')).toMatchObject({ code: EXIT.ok })
    const fingerprint = await server.caFingerprint()
    expect(await run(['services', '--ca-fingerprint', fingerprint])).toMatchObject({
      code: EXIT.denied,
      err: expect.stringContaining('without a credential'),
    })
    expect(await run(['services'])).toMatchObject({
      code: EXIT.unreachable,
      err: expect.stringContaining('not believed'),
    })
  })

  test('is believed by the root that is named, however it is named, and by no other', async () => {
    const { out: token } = await local('token', 'create', '--role', 'viewer')
    const unpinned = token.split('.').slice(0, 3).join('.')
    const fingerprint = await server.caFingerprint()
    const caFile = path.join(folder.path, 'ca.pem')
    writeFileSync(caFile, (await secureCall(`${server.url}/v1/trust-bundle?format=pem`)).body)
    const colons = (fingerprint.toUpperCase().match(/../g) ?? []).join(':')
    for (const [args, env] of [
      [[], { WEFT_TOKEN: token }],
      [['--token', token], {}],
      [[], { WEFT_TOKEN: unpinned, WEFT_CA_FINGERPRINT: colons }],
      [['--token', unpinned, '--ca-fingerprint', fingerprint], {}],
      [['--token', unpinned, '--ca-file', caFile], {}],
      [['--token', unpinned], { WEFT_CA_FILE: caFile }],
    ] as [string[], Record<string, string>][]) {
      expect(await run(['services', ...args], env)).toMatchObject({ code: EXIT.ok })
    }
    const wrong = '0'.repeat(64)
    expect(await run(['services', '--ca-fingerprint', wrong], { WEFT_TOKEN: token })).toMatchObject({
      code: EXIT.unreachable,
      err: expect.stringContaining('does not lead to the root'),
    })
    expect(await run(['services'], { WEFT_TOKEN: unpinned })).toMatchObject({ code: EXIT.unreachable })
  })

  test('is not taken for a workload with a certificate of the same mesh', async () => {
    // A workload of the mesh that listens where the control server is expected.
    const keys = p256()
    const join = await server.createToken({ namespace: 'default', serviceAccount: 'evil' })
    const { body } = await secureCall(`${server.url}/v1/certificates`, {
      token: join,
      method: 'POST',
      body: { csr: requestOf({ keys }), workloadId: 'evil' },
    })
    const { createServer } = await import('node:https')
    let heard: string | undefined
    const evil = createServer(
      { cert: body.certificateChain.join('') + body.trustBundle.join(''), key: keyPem(keys.privateKey) },
      ({ headers }, response) => {
        heard = headers.authorization
        response.end('{}')
      },
    )
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
    const { port } = evil.address() as { port: number }
    const outcome = await weft(['services', '--data-dir', dataDir, '--server', `https://127.0.0.1:${port}`])
    evil.close()
    expect(outcome).toMatchObject({
      code: EXIT.unreachable,
      err: expect.stringContaining('not that of a control server'),
    })
    expect(heard).toBeUndefined()
  })

  test('makes, shows and revokes tokens and roles, and tells who did', async () => {
    const made = await local(
      'token',
      'create',
      '--namespace',
      'default',
      '--service-account',
      'reviews',
      '--service',
      'reviews',
      '--address',
      '10.0.0.0/8',
      '--ttl',
      '1h',
      '--uses',
      '3',
    )
    expect(made.out).toMatch(/^weft-join\.[0-9a-f]{16}\.[\w-]{43}\.[0-9a-f]{64}$/)
    const id = made.out.split('.')[1] as string
    expect((await local('token', 'list')).out).toMatch(
      new RegExp(`${id} +join +default/reviews \\(reviews\\) +active +0/3`),
    )
    expect((await local('token', 'revoke', id)).out).toMatch(/revoked/)
    expect(await local('token', 'revoke', 'nothing')).toMatchObject({ code: EXIT.refused })
    const identity = 'spiffe://cluster.local/ns/ci/sa/deployer'
    const set = [
      'role',
      'set',
      'deployer',
      '--role',
      'operator',
      '--namespaces',
      'default, staging',
      '--identity',
      identity,
    ]
    expect((await local(...set)).code).toBe(EXIT.ok)
    expect((await local('role', 'list')).out).toMatch(/deployer +operator +default,staging +spiffe:/)
    expect((await local('role', 'delete', 'deployer')).code).toBe(EXIT.ok)
    const { out } = await local('audit', '--limit', '4', '-o', 'json')
    const { entries } = JSON.parse(out)
    expect(
      entries.map(({ verb, resource }: { verb: string; resource: { kind: string } }) => `${verb} ${resource.kind}`),
    ).toEqual(['delete Role', 'create Role', 'revoke Token', 'create Token'])
    expect(entries[0].principal).toMatch(/^token\/[0-9a-f]{16}$/)
    expect(out).not.toContain(made.out.split('.')[2])
  })

  test('takes the certificate of an identity that has a role in place of a token', async () => {
    const keys = p256()
    const join = await server.createToken({ namespace: 'ci', serviceAccount: 'deployer' })
    const { body } = await secureCall(`${server.url}/v1/certificates`, {
      token: join,
      method: 'POST',
      body: { csr: requestOf({ keys }), workloadId: 'deployer-1' },
    })
    const files = { cert: path.join(folder.path, 'cert.pem'), key: path.join(folder.path, 'key.pem') }
    writeFileSync(files.cert, body.certificateChain.join(''))
    writeFileSync(files.key, keyPem(keys.privateKey))
    const own = ['--cert', files.cert, '--key', files.key, '--ca-fingerprint', await server.caFingerprint()]
    expect((await run(['services', ...own])).code).toBe(EXIT.denied)
    await local('role', 'set', 'deployer', '--role', 'viewer', '--identity', body.spiffeId)
    expect((await run(['services', ...own])).code).toBe(EXIT.ok)
    expect((await run(['services', '--cert', files.cert])).code).toBe(EXIT.usage)
  })

  test('knows an identity with a role again when the mesh has got another name', async () => {
    await local('role', 'set', 'renamed', '--role', 'viewer', '--identity', 'spiffe://cluster.local/ns/ci/sa/renamed')
    const join = await server.createToken({ namespace: 'ci', serviceAccount: 'renamed' })
    const viewedAs = async (trustDomain: string, trustDomainAliases: readonly string[]): Promise<number> => {
      const mesh = {
        apiVersion: 'mesh.weft.dev/v1',
        kind: 'MeshConfig',
        metadata: { name: 'default', namespace: 'istio-system' },
      }
      const file = path.join(folder.path, 'mesh.json')
      writeFileSync(file, JSON.stringify({ ...mesh, spec: { trustDomain, trustDomainAliases } }))
      expect((await local('apply', '-f', file)).code).toBe(EXIT.ok)
      const keys = p256()
      const body = { csr: requestOf({ keys }), workloadId: 'renamed' }
      const { body: made } = await secureCall(`${server.url}/v1/certificates`, { token: join, method: 'POST', body })
      expect(made.spiffeId).toBe(`spiffe://${trustDomain}/ns/ci/sa/renamed`)
      const own = { cert: made.certificateChain.join(''), key: keyPem(keys.privateKey) }
      return (await secureCall(`${server.url}/v1/services`, own)).status
    }
    expect(await viewedAs('prod.example', ['cluster.local'])).toBe(200)
    expect(await viewedAs('prod.example', [])).toBe(403)
    expect(await viewedAs('cluster.local', [])).toBe(200)
  })

  test('keeps account of a change of its root', async () => {
    expect((await local('certs', 'rotate')).code).toBe(EXIT.ok)
    const { out } = await local('audit', '--resource', 'CertificateAuthority', '-o', 'json')
    const { entries } = JSON.parse(out)
    expect(entries).toEqual([
      expect.objectContaining({
        verb: 'rotate',
        principal: expect.stringMatching(/^token\//),
        before: expect.objectContaining({ roots: [expect.anything()] }),
        after: expect.objectContaining({ roots: [expect.anything(), expect.anything()] }),
      }),
    ])
    expect(out).not.toContain('PRIVATE KEY')
    // Whoever has pinned the root before still reaches the server.
    expect((await local('services')).code).toBe(EXIT.ok)
  })

  test.each<[string, string[]]>([
    ['nothing', []],
    ['half of an identity', ['--namespace', 'default']],
    ['a role and an identity', ['--role', 'viewer', '--namespace', 'default']],
    ['namespaces without a role', ['--namespace', 'a', '--service-account', 'b', '--namespaces', 'c']],
    ['a duration that is none', ['--role', 'viewer', '--ttl', 'soon']],
    ['no uses', ['--namespace', 'a', '--service-account', 'b', '--uses', '0']],
  ])('is not asked for a token of %s', async (_, args) => {
    expect((await local('token', 'create', ...args)).code).toBe(EXIT.usage)
  })

  test('keeps account of what was revoked and restored', async () => {
    for (const verb of ['revoke', 'restore']) await local('certs', verb, '--identity', 'default/leaver')
    const { out } = await local('audit', '--resource', 'Identity/leaver', '-o', 'json')
    const state = expect.objectContaining({ namespace: 'default', serviceAccount: 'leaver' })
    const [restored, revoked] = JSON.parse(out).entries
    expect([revoked.verb, revoked.before, revoked.after]).toEqual(['revoke', undefined, state])
    expect([restored.verb, restored.before, restored.after]).toEqual(['restore', state, undefined])
  })

  test('tells whoever takes it for one that is not secure, and the other way round', async () => {
    const plain = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
    expect(await weft(['services', '--server', server.url.replace('https', 'http')])).toMatchObject({
      code: EXIT.unreachable,
      err: expect.stringContaining('one that is secure is reached by https://'),
    })
    expect(await weft(['services', '--server', plain.url.replace('http', 'https')])).toMatchObject({
      code: EXIT.unreachable,
      err: expect.stringContaining('one that is not secure is reached by http://'),
    })
    await plain.close()
  })

  test('tells whoever shows a certificate in vain what is wrong with it', async () => {
    const keys = p256()
    const cert = caCertificate({ subject: 'nobody', keys, isCa: false })
    const { status, body } = await secureCall(`${server.url}/v1/services`, { cert, key: keyPem(keys.privateKey) })
    expect([status, body.message]).toEqual([401, expect.stringContaining('not believed (DEPTH_ZERO_SELF_SIGNED_CERT)')])
  })

  test('is sent no token without TLS, unless it is on this machine', async () => {
    const { code, err } = await weft(['services', '--server', 'http://203.0.113.1:1', '--token', 'x'])
    expect([code, err]).toEqual([EXIT.usage, expect.stringContaining('without TLS')])
  })
})
