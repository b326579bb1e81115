import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { RESOURCES, registration, route, VS, virtualService, YAML } from '../support/api-bodies.ts'
import { type ApiAnswer, call } from '../support/control-server.ts'

let server: ControlServer

beforeAll(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
})
afterAll(() => server.close())

const api = (method: string, at: string, body?: unknown, contentType?: string): Promise<ApiAnswer> =>
  call(server.url + at, method, body, contentType)

const revision = async (): Promise<number> => (await api('GET', '/v1/services')).body.revision

describe('bad input is refused with the reason, and the last good state stays:', () => {
  const two = (weight: number): object => ({
    route: ['a', 'b'].map((host) => ({ destination: { host }, weight })),
  })
  const headers = (regex: string): object => ({ ...route(), match: [{ headers: { 'user-agent': { regex } } }] })

  interface BadInput {
    readonly what: string
    readonly method?: string
    readonly at: string
    readonly body?: unknown
    readonly type?: string
    readonly code: number
    readonly reason: string
    readonly field?: string | RegExp
    readonly says?: RegExp
  }

  const TABLE: readonly BadInput[] = [
    {
      what: 'YAML that is none',
      at: `${VS}/x`,
      body: 'kind: [',
      type: YAML,
      code: 400,
      reason: 'BadRequest',
      says: /line \d+, column \d+/,
    },
    { what: 'JSON that is none', at: `${VS}/x`, body: '{"kind":', code: 400, reason: 'BadRequest', says: /JSON/ },
    {
      what: 'JSON that is none, for a workload',
      at: '/v1/workloads/x',
      body: '{"a":',
      code: 400,
      reason: 'BadRequest',
      field: '',
    },
    {
      what: 'several documents where one is meant',
      at: `${VS}/x`,
      body: 'a: 1\n---\nb: 2',
      type: YAML,
      code: 400,
      reason: 'BadRequest',
      says: /apply takes several/,
    },
    { what: 'no body', at: `${VS}/x`, code: 400, reason: 'BadRequest', says: /There is no body/ },
    { what: 'an empty body', at: `${VS}/x`, body: '', code: 400, reason: 'BadRequest', says: /There is no body/ },
    {
      what: 'another content type',
      at: `${VS}/x`,
      body: 'x',
      type: 'text/plain',
      code: 415,
      reason: 'UnsupportedMediaType',
      says: /application\/yaml/,
    },
    {
      what: '20 MB',
      method: 'POST',
      at: '/v1/apply',
      body: `{"x":"${'x'.repeat(20_000_000)}"}`,
      code: 413,
      reason: 'RequestEntityTooLarge',
      says: /3145728 bytes/,
    },
    {
      what: '20 MB of another content type',
      at: `${VS}/x`,
      body: 'x'.repeat(20_000_000),
      type: 'text/plain',
      code: 415,
      reason: 'UnsupportedMediaType',
    },
    {
      what: 'an unknown kind',
      method: 'POST',
      at: '/v1/apply',
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: {} },
      code: 422,
      reason: 'Invalid',
      field: 'kind',
      says: /VirtualService/,
    },
    {
      what: 'an unknown kind among others',
      method: 'POST',
      at: '/v1/apply',
      body: [virtualService('x'), { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: {} }],
      code: 422,
      reason: 'Invalid',
      field: '[1].kind',
      says: /Pod x \(item 2\)/,
    },
    {
      what: 'another kind than that of the URL',
      at: `${VS}/x`,
      body: { ...virtualService('x'), kind: 'DestinationRule' },
      code: 422,
      reason: 'Invalid',
      field: 'kind',
    },
    {
      what: 'another name than that of the URL',
      at: `${VS}/x`,
      body: virtualService('y'),
      code: 422,
      reason: 'Invalid',
      field: 'metadata.name',
    },
    {
      what: 'another namespace than that of the URL',
      at: `${VS}/x`,
      body: virtualService('x', [], { namespace: 'prod' }),
      code: 422,
      reason: 'Invalid',
      field: 'metadata.namespace',
    },
    {
      what: 'wrong types',
      at: `${VS}/x`,
      body: { ...virtualService('x'), spec: { hosts: 'x', http: {} } },
      code: 422,
      reason: 'Invalid',
      field: 'spec.hosts',
    },
    {
      what: 'a misspelt field',
      at: `${VS}/x`,
      body: virtualService('x', [{ ...route(), timeOut: '1s' }]),
      code: 422,
      reason: 'Invalid',
      field: 'spec.http[0].timeOut',
      says: /timeout/,
    },
    {
      what: 'weights that are all zero',
      at: `${VS}/x`,
      body: virtualService('x', [two(0)]),
      code: 422,
      reason: 'Invalid',
      field: 'spec.http[0].route',
    },
    {
      what: 'a regex with look-ahead',
      at: `${VS}/x`,
      body: virtualService('x', [headers('a(?=b)')]),
      code: 422,
      reason: 'Invalid',
      field: /^spec\.http\[0\]\.match\[0\]\.headers/,
    },
    {
      what: 'a name that is no DNS name',
      at: `${VS}/Bad_Name`,
      body: virtualService('Bad_Name'),
      code: 422,
      reason: 'Invalid',
      field: 'metadata.name',
      says: /DNS name/,
    },
    {
      what: 'a namespace that is no DNS label',
      at: `${VS.replace('default', 'Bad_Ns')}/x`,
      body: virtualService('x'),
      code: 422,
      reason: 'Invalid',
      field: 'metadata.namespace',
    },
    {
      what: 'metadata that is no object',
      at: `${VS}/x`,
      body: { ...virtualService('x'), metadata: 'x' },
      code: 422,
      reason: 'Invalid',
      field: 'metadata',
    },
    {
      what: 'nothing to apply',
      method: 'POST',
      at: '/v1/apply',
      body: [],
      code: 400,
      reason: 'BadRequest',
      says: /no resource/,
    },
    {
      what: 'a bad workload address',
      at: '/v1/workloads/w',
      body: registration({ address: 'http://here:80' }),
      code: 422,
      reason: 'Invalid',
      field: 'address',
    },
    { what: 'a workload that is a list', at: '/v1/workloads/w', body: [], code: 400, reason: 'BadRequest' },
    {
      what: 'a patch of nothing',
      method: 'PATCH',
      at: `${VS}/none`,
      body: { spec: {} },
      code: 404,
      reason: 'NotFound',
    },
    {
      what: 'an unknown query value',
      method: 'POST',
      at: '/v1/apply?dryRun=Some',
      body: virtualService('x'),
      code: 400,
      reason: 'BadRequest',
      field: 'dryRun',
    },
    {
      what: 'a wait that is no duration',
      at: `${VS}/x?wait=soon`,
      body: virtualService('x'),
      code: 400,
      reason: 'BadRequest',
      field: 'wait',
    },
    { what: 'a watch', method: 'GET', at: `${VS}?watch=true`, code: 400, reason: 'BadRequest', says: /watch/ },
    { what: 'a path that is none', method: 'GET', at: '/nothing', code: 404, reason: 'NotFound', says: /openapi/ },
    { what: 'a kind that is none', method: 'GET', at: `${RESOURCES}/gateways`, code: 404, reason: 'NotFound' },
    { what: 'a path that is no UTF-8', method: 'GET', at: '/v1/services/%ff/x', code: 400, reason: 'BadRequest' },
    {
      what: 'a method that is not taken',
      method: 'DELETE',
      at: VS,
      code: 405,
      reason: 'MethodNotAllowed',
      says: /takes GET, .*POST/,
    },
    { what: 'an unknown service', method: 'GET', at: '/v1/services/default/none', code: 404, reason: 'NotFound' },
  ]

  beforeAll(async () => {
    expect(await api('PUT', `${VS}/good`, virtualService('good'))).toMatchObject({ status: 201 })
  })

  test.each(TABLE)('$what → $code', async ({ method = 'PUT', at, body, type, code, reason, field, says = /./ }) => {
    const before = await revision()
    const answer = await api(method, at, body, type)
    expect(answer.body).toMatchObject({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code,
      reason,
      message: expect.stringMatching(says),
    })
    expect(answer.status).toBe(code)
    if (field !== undefined) {
      const fields: string[] = answer.body.details.causes.map((cause: { field: string }) => cause.field)
      expect(fields.some((each) => (typeof field === 'string' ? each === field : field.test(each)))).toBe(true)
    }
    expect(await revision()).toBe(before)
  })
})
