import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { isLoopback, parseListenAddress, urlOf } from '../../../../packages/control-server/src/listen-address.ts'
import { OptionsError, resolveOptions } from '../../../../packages/control-server/src/options.ts'
import { tempFolder } from '../../../support/control-stores.ts'

const folder = tempFolder()
afterAll(() => folder.remove())

function config(text: string): string {
  const file = path.join(folder.path, 'config.yaml')
  writeFileSync(file, text)
  return file
}

test.each<[string, unknown]>([
  ['127.0.0.1:15800', { host: '127.0.0.1', port: 15_800 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  [':80', { host: '::', port: 80 }],
  ['127.0.0.1', undefined],
  ['127.0.0.1:70000', undefined],
  ['::1:80', undefined],
  ['[zz]:80', undefined],
  ['http://127.0.0.1:80', undefined],
  ['', undefined],
])('%j is the address %j', (text, address) => {
  expect(parseListenAddress(text)).toEqual(address)
})

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.example.com', false],
])('%s is loopback: %j', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})

test('an IPv6 address stands in brackets in a URL', () => {
  expect([urlOf({ address: '::1', port: 1 }), urlOf({ address: '127.0.0.1', port: 2 })]).toEqual([
    'http://[::1]:1',
    'http://127.0.0.1:2',
  ])
})

describe('options', () => {
  test('have defaults', () => {
    expect(resolveOptions({}, {})).toMatchObject({
      listen: { host: '127.0.0.1', port: 15_800 },
      dataDir: './weft-data',
      store: 'sqlite',
      domain: 'cluster.local',
      workloadTtlMs: 15_000,
    })
  })

  test('in code win over the environment, and that over the file', () => {
    const file = config('listen: 127.0.0.1:1\ndataDir: /file\nstore: memory\n')
    const env = { WEFT_LISTEN: '127.0.0.1:2', WEFT_DATA_DIR: '/env', WEFT_CONFIG: file }
    expect(resolveOptions({ listen: '127.0.0.1:3' }, env)).toMatchObject({
      listen: { port: 3 },
      dataDir: '/env',
      store: 'memory',
    })
  })

  test('listen beyond this machine only when told twice', () => {
    expect(() => resolveOptions({ listen: '0.0.0.0:80' }, {})).toThrow(/can be reached from other machines/)
    expect(resolveOptions({ listen: '0.0.0.0:80', insecure: true }, {}).listen.host).toBe('0.0.0.0')
    expect(resolveOptions({ listen: ':80' }, { WEFT_INSECURE: '1' }).listen.host).toBe('::')
  })

  test('let it listen beyond this machine where it is secure', () => {
    expect(resolveOptions({ listen: '0.0.0.0:80', secure: true }, {}).secure).toBe(true)
    expect(resolveOptions({ listen: ':80' }, { WEFT_SECURE: 'true' }).secure).toBe(true)
    expect(() => resolveOptions({ listen: ':80', secure: false }, { WEFT_SECURE: 'true' })).toThrow(/other machines/)
  })

  test.each(['yes', 'on', '2', 'tru'])('are refused where WEFT_SECURE is %s, which could be meant', (text) => {
    expect(() => resolveOptions({}, { WEFT_SECURE: text })).toThrow(/secure: must be true or false/)
  })

  test.each([
    ['TRUE', true],
    ['0', false],
    ['False', false],
    ['', false],
  ])('take WEFT_SECURE=%s', (text, secure) => expect(resolveOptions({}, { WEFT_SECURE: text }).secure).toBe(secure))

  test('of Kubernetes are put together field by field, code before environment before file', () => {
    const file = config('kubernetes: { issuer: file, audience: file, jwksFile: /file }\n')
    const env = { WEFT_CONFIG: file, WEFT_KUBERNETES_AUDIENCE: 'env', WEFT_KUBERNETES_ISSUER: 'env' }
    expect(resolveOptions({ kubernetes: { issuer: 'code' } }, env).kubernetes).toEqual({
      issuer: 'code',
      audience: 'env',
      jwksFile: '/file',
    })
    expect(resolveOptions({}, {}).kubernetes).toBeUndefined()
  })

  test.each<[unknown, RegExp]>([
    ['yes', /must be an object/],
    [{}, /issuer is required/],
    [{ issuer: 'a' }, /either jwksUri or jwksFile/],
    [{ issuer: 'a', jwksFile: '/f', jwksUri: 'https://x/' }, /either jwksUri or jwksFile/],
    [{ issuer: 'a', jwksUri: 'http://x/' }, /must be an https/],
    [{ issuer: 'a', jwksUri: 'https://user:secret@x/' }, /must be an https/],
    [{ issuer: 'a', jwksUri: 'file:///etc/passwd' }, /must be an https/],
    [{ issuer: 'a', jwksUri: 'nowhere' }, /must be an https/],
    [{ issuer: '', jwksFile: '/f' }, /issuer must be a string/],
    [{ issuer: 'a', jwksFile: '/f', secret: 'x' }, /has no field secret/],
  ])('of Kubernetes are not %j', (kubernetes, message) => {
    expect(() => resolveOptions({ kubernetes: kubernetes as never }, {})).toThrow(message)
  })

  test('that are wrong are all told at once', () => {
    const file = config('colour: red\nworkloadTtlMs: soon\n')
    try {
      resolveOptions({ listen: 'x', store: 'etcd' as never, domain: 'Ä', config: file }, {})
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(OptionsError)
      expect((error as OptionsError).code).toBe('WEFT_CONFIG')
      const fields = (error as OptionsError).violations.map(({ field }) => field)
      expect(fields.sort()).toEqual(['colour', 'domain', 'listen', 'store', 'workloadTtlMs'])
    }
  })

  test.each([['a: ['], ['- a']])('a file that holds %j is refused by name', (text) => {
    expect(() => resolveOptions({ config: config(text) }, {})).toThrow(/config: .*config\.yaml cannot be read/)
  })
})
