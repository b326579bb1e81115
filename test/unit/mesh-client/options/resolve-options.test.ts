import { describe, expect, test } from 'vitest'
import { MeshError } from '../../../../packages/mesh-client/src/kernel/errors.ts'
import { processWarnings } from '../../../../packages/mesh-client/src/kernel/logger.ts'
import { resolveOptions } from '../../../../packages/mesh-client/src/options/resolve-options.ts'
import type { MeshOptions, ResolvedOptions } from '../../../../packages/mesh-client/src/options/types.ts'

function refusal(options: MeshOptions, environment: Record<string, string> = {}): string {
  try {
    resolveOptions(options, environment)
  } catch (error) {
    if (MeshError.isMeshError(error) && error.code === 'WEFT_CONFIG') return error.message
    throw error
  }
  return ''
}

test('nothing given gives the documented defaults, frozen', () => {
  const options = resolveOptions({}, {})
  expect(options).toEqual({
    control: ['http://127.0.0.1:15800'],
    service: '',
    namespace: 'default',
    version: '',
    labels: {},
    serviceAccount: 'default',
    locality: { region: '', zone: '', subZone: '' },
    workload: '',
    token: undefined,
    tokenFile: undefined,
    caFile: undefined,
    caFingerprint: undefined,
    identityDir: undefined,
    address: undefined,
    servicePort: 80,
    drainDelayMs: 500,
    stateDir: undefined,
    localDirectory: true,
    execProbes: false,
    audit: undefined,
    logger: processWarnings,
    propagate: [],
    admin: undefined,
    clusterId: 'Kubernetes',
    dependencies: [],
    disabled: false,
  })
  expect(Object.isFrozen(options)).toBe(true)
  expect(Object.isFrozen(options.labels)).toBe(true)
})

describe('where a value comes from', () => {
  const cases: readonly {
    readonly what: string
    readonly options?: MeshOptions
    readonly environment?: Record<string, string>
    readonly expected: Partial<ResolvedOptions>
  }[] = [
    {
      what: 'code goes before the environment',
      options: { service: 'coded' },
      environment: { WEFT_SERVICE: 'env' },
      expected: { service: 'coded' },
    },
    {
      what: 'undefined in code and an empty variable are not given',
      options: { service: undefined },
      environment: { WEFT_SERVICE: '', OTEL_SERVICE_NAME: 'otel' },
      expected: { service: 'otel' },
    },
    {
      what: 'WEFT_SERVICE goes before OTEL_SERVICE_NAME',
      environment: { WEFT_SERVICE: 'mine', OTEL_SERVICE_NAME: 'Not A Label' },
      expected: { service: 'mine' },
    },
    {
      what: 'service and version become labels and the workload',
      options: { service: 'reviews', version: 'v2' },
      expected: { labels: { app: 'reviews', version: 'v2' }, workload: 'reviews-v2' },
    },
    {
      what: 'labels win over what is made from service and version, and name the version where nothing else does',
      options: { service: 'reviews', labels: { app: 'mine', version: 'v9' } },
      expected: { labels: { app: 'mine', version: 'v9' }, version: 'v9' },
    },
    {
      what: 'several control URLs, trailing slashes gone',
      environment: { WEFT_CONTROL: 'http://a:1/, https://b/base/' },
      expected: { control: ['http://a:1', 'https://b/base'] },
    },
    {
      what: 'every other variable',
      environment: {
        WEFT_NAMESPACE: 'prod',
        WEFT_LABELS: 'tier=web, team = a=b',
        WEFT_SERVICE_ACCOUNT: 'sa',
        WEFT_LOCALITY: 'eu/1',
        WEFT_TOKEN_FILE: '/run/token',
        WEFT_STATE_DIR: '/var/lib/weft',
        WEFT_PROPAGATE: 'X-Request-Id,,b3',
        WEFT_ADMIN_PORT: '15801',
        WEFT_ADDRESS: '10.0.0.7',
        WEFT_SERVICE_PORT: '9080',
        WEFT_WORKLOAD: 'web',
        WEFT_CLUSTER_ID: 'west',
        WEFT_DRAIN_DELAY_MS: '0',
        WEFT_DEPENDENCIES: 'reviews, ratings.default',
        WEFT_LOCAL_DIRECTORY: 'off',
        WEFT_EXEC_PROBES: 'on',
      },
      expected: {
        namespace: 'prod',
        labels: { tier: 'web', team: 'a=b' },
        serviceAccount: 'sa',
        locality: { region: 'eu', zone: '1', subZone: '' },
        tokenFile: '/run/token',
        stateDir: '/var/lib/weft',
        propagate: ['x-request-id', 'b3'],
        admin: { port: 15801, host: '127.0.0.1' },
        address: '10.0.0.7',
        servicePort: 9080,
        workload: 'web',
        clusterId: 'west',
        drainDelayMs: 0,
        dependencies: ['reviews', 'ratings.default'],
        localDirectory: false,
        execProbes: true,
      },
    },
    {
      what: 'a token in code excludes a token file of the environment',
      options: { token: 't' },
      environment: { WEFT_TOKEN_FILE: '/run/token' },
      expected: { token: 't', tokenFile: undefined },
    },
    {
      what: 'a token file in code excludes a token of the environment',
      options: { tokenFile: '/run/token' },
      environment: { WEFT_TOKEN: 't' },
      expected: { token: undefined, tokenFile: '/run/token' },
    },
    {
      what: 'pins and the identity directory come from the environment',
      environment: { WEFT_CONTROL: 'https://a', WEFT_CA_FILE: '/ca.pem', WEFT_IDENTITY_DIR: '/var/lib/id' },
      expected: { caFile: '/ca.pem', caFingerprint: undefined, identityDir: '/var/lib/id' },
    },
    {
      what: 'a fingerprint is taken as people copy it, and goes before a file of the environment',
      options: { control: 'https://a', caFingerprint: `${'AB:'.repeat(31)}AB` },
      environment: { WEFT_CA_FILE: '/ca.pem' },
      expected: { caFile: undefined, caFingerprint: 'ab'.repeat(32) },
    },
    {
      what: 'the off switch works in a broken set-up',
      options: { service: 'Not A Label' },
      environment: { WEFT_DISABLED: '1' },
      expected: { disabled: true },
    },
  ]
  test.each(cases)('$what', ({ options = {}, environment = {}, expected }) => {
    expect(resolveOptions(options, environment)).toMatchObject(expected)
  })
})

describe('what is refused', () => {
  const wrong = (value: unknown): never => value as never
  const cases: readonly (readonly [string, MeshOptions, Record<string, string>, readonly string[]])[] = [
    ['a control URL that is none', { control: 'localhost:15800' }, {}, ['control', '"localhost:15800"', 'http:']],
    ['an empty list of control URLs', { control: [] }, {}, ['control is []']],
    [
      'credentials in the control URL',
      {},
      { WEFT_CONTROL: 'http://u:p@h' },
      ['from WEFT_CONTROL', 'without credentials'],
    ],
    [
      'a service that is no label',
      {},
      { OTEL_SERVICE_NAME: 'My App' },
      ['"My App" (from OTEL_SERVICE_NAME)', 'WEFT_SERVICE'],
    ],
    ['labels without =', {}, { WEFT_LABELS: 'a=1,b' }, ['labels is "a=1,b"', 'key=value']],
    ['labels that are no strings', { labels: wrong({ a: 1 }) }, {}, ['labels is {"a":1}']],
    ['a port that is no number', {}, { WEFT_SERVICE_PORT: '80x' }, ['servicePort is "80x"', '1 to 65535']],
    ['a port out of range', { admin: { port: 70_000 } }, {}, ['admin is {"port":70000}']],
    ['an admin option that is none', { admin: wrong({ port: 0, hots: 'x' }) }, {}, ['admin is {"port":0,"hots":"x"}']],
    ['an address with a port', { address: '10.0.0.1:80' }, {}, ['address', 'without scheme or port']],
    ['a header name with a blank', { propagate: ['x id'] }, {}, ['propagate is ["x id"]']],
    ['a dependency with a scheme', { dependencies: ['http://a'] }, {}, ['dependencies']],
    ['a delay out of range', { drainDelayMs: -1 }, {}, ['drainDelayMs is -1', '0 to 600000']],
    ['a flag that is none', {}, { WEFT_DISABLED: 'yes' }, ['disabled is "yes"', 'true or false']],
    ['a logger that cannot log', { logger: wrong({ info() {} }) }, {}, ['logger', 'debug, info, warn and error']],
    [
      'a token and a token file',
      { token: 't', tokenFile: 'f' },
      {},
      ['tokenFile', 'left out where option token is given'],
    ],
    ['a CA file where the control server speaks plaintext', { caFile: '/ca.pem' }, {}, ['caFile', 'is not https:']],
    [
      'a pin where one of several control servers speaks plaintext',
      { control: ['https://a', 'http://b'] },
      { WEFT_CA_FINGERPRINT: 'ab'.repeat(32) },
      ['caFingerprint', 'WEFT_CA_FINGERPRINT', '(http://b)'],
    ],
    [
      'a fingerprint that is none',
      { control: 'https://a', caFingerprint: 'abcd' },
      {},
      ['caFingerprint', '64 hexadecimal'],
    ],
    [
      'two pins',
      { control: 'https://a', caFile: '/ca.pem', caFingerprint: 'ab'.repeat(32) },
      {},
      ['caFingerprint', 'left out where option caFile is given'],
    ],
    ['an identity directory without name', { identityDir: '' }, {}, ['identityDir', 'path of a directory']],
    ['a locality of four parts', { locality: 'a/b/c/d' }, {}, ['locality', 'region/zone/subzone']],
    ['an option that does not exist', wrong({ sevice: 'x' }), {}, ['sevice', 'the options are control, service']],
  ]
  test.each(cases)('%s', (_what, options, environment, parts) => {
    const message = refusal(options, environment)
    for (const part of parts) expect(message).toContain(part)
  })

  test('all at once, each on its line', () => {
    const message = refusal({ service: 'A B', servicePort: 0 }, { WEFT_ADMIN_PORT: 'x' })
    expect(message.split('\n').map((line) => line.split(' ')[1])).toEqual([
      'options',
      'service',
      'servicePort',
      'admin',
    ])
  })

  test('what JSON cannot hold is refused like anything else', () => {
    const holdsItself: Record<string, unknown> = {}
    holdsItself.self = holdsItself
    expect(refusal({ logger: holdsItself } as unknown as MeshOptions)).toContain('logger is an object of class Object')
    expect(refusal({ control: 1n } as unknown as MeshOptions)).toContain('control is 1 (from option control)')
  })

  test.each([null, 5, 'http://127.0.0.1:15800'])('options that are %j', (options) => {
    expect(refusal(options as unknown as MeshOptions)).toContain('createMesh takes an object of options')
  })

  test('a secret is never shown', () => {
    expect(refusal({ token: 'two words' })).not.toContain('two words')
    expect(refusal({}, { WEFT_TOKEN: 'two words' })).not.toContain('two words')
  })
})
