import { CONTROL_SERVER_SERVICE_ACCOUNT, ROOT_NAMESPACE } from '@weft/mesh-protocol'
import { afterEach, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { requestOf } from '../support/certificate-requests.ts'
import { type SecureAnswer, secureCall } from '../support/secure-api.ts'

/* Credentials that somebody else makes and judges, against a real server. */
let server: ControlServer | undefined
afterEach(() => server?.close())

const ACCOUNTS: Readonly<Record<string, unknown>> = {
  'instance-1': { namespace: 'default', serviceAccount: 'reviews', role: 'admin' },
  'posing-as-the-server': { namespace: ROOT_NAMESPACE, serviceAccount: CONTROL_SERVER_SERVICE_ACCOUNT },
  'no-account': { namespace: 'Not A Label', serviceAccount: '' },
}

class Instances {
  readonly name = 'instances'
  readonly #accounts = ACCOUNTS

  async attest(credential: string): Promise<never> {
    if (credential === 'breaks') throw new Error('the cloud does not answer')
    return this.#accounts[credential] as never
  }
}

const deaf = { name: 'deaf', attest: () => Promise.resolve(undefined) }

async function ask(credential: string): Promise<SecureAnswer> {
  server = await startControlServer({
    listen: '127.0.0.1:0',
    store: 'memory',
    secure: true,
    attestors: [deaf, new Instances()],
  })
  const body = { csr: requestOf(), workloadId: 'w1' }
  return secureCall(`${server.url}/v1/certificates`, { token: credential, method: 'POST', body })
}

test('a workload is who the first attestor that knows its credential says, and nothing more', async () => {
  const { status, body } = await ask('instance-1')
  expect(status).toBe(200)
  expect(body.spiffeId).toBe('spiffe://cluster.local/ns/default/sa/reviews')
  const url = server?.url ?? ''
  expect((await secureCall(`${url}/v1/tokens`, { token: 'instance-1' })).status).toBe(403)
  const { body: list } = await secureCall(`${url}/v1/certificates`, { token: server?.adminToken ?? '' })
  expect(list.certificates).toMatchObject([{ via: 'attestor', credential: 'attestor/instances/default/reviews' }])
})

test.each([
  ['nobody knows', 'instance-2', 401],
  ['names no service account', 'no-account', 401],
  ['cannot be judged', 'breaks', 401],
  ['would be the control server', 'posing-as-the-server', 403],
])('a credential that %s is refused', async (_what, credential, status) => {
  expect((await ask(credential)).status).toBe(status)
})
