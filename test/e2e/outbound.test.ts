import { describe, expect, test } from 'vitest'
import { outboundHarness, startUpstream } from '../support/outbound.ts'

describe('a call to a host of the mesh', () => {
  test('request reaches an endpoint and comes back', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('hello'))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const response = await mesh.outbound.request('http://reviews/reviews/7?a=1')
    expect(response.statusCode).toBe(200)
    expect(await response.body.text()).toBe('hello')
    expect(upstream.seen).toMatchObject([{ method: 'GET', url: '/reviews/7?a=1', headers: { host: 'reviews' } }])
  })

  test('fetch reaches an endpoint and gives the platform Response', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('hello'))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const response = await mesh.outbound.fetch('http://reviews/')
    expect(response).toBeInstanceOf(Response)
    expect(await response.text()).toBe('hello')
  })
})
