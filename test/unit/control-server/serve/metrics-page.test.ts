import { expect, test } from 'vitest'
import { renderMetrics } from '../../../../packages/control-server/src/serve/metrics-page.ts'
import { RequestCounts } from '../../../../packages/control-server/src/serve/request-counts.ts'
import { pushScene } from '../../../support/push-scene.ts'

async function linesOf(counts: RequestCounts, name: string): Promise<string[]> {
  const { model, push } = pushScene()
  const { text } = await renderMetrics({ model: () => model.current, push, requests: () => counts.all() })
  return text.split('\n').filter((line) => line.startsWith(name))
}

test('answers are counted by method, route and code', async () => {
  const counts = new RequestCounts()
  counts.note('GET', '/healthz', 200, 1)
  counts.note('GET', '/healthz', 200, 1)
  counts.note('GET', '/healthz', 503, 1)
  counts.note('POST', '/healthz', 405, 1)
  expect(await linesOf(counts, 'weft_control_requests_total')).toEqual([
    'weft_control_requests_total{method="GET",route="/healthz",code="200"} 2',
    'weft_control_requests_total{method="GET",route="/healthz",code="503"} 1',
    'weft_control_requests_total{method="POST",route="/healthz",code="405"} 1',
  ])
})

test('their times are a cumulative histogram in seconds, bounds included', async () => {
  const counts = new RequestCounts()
  for (const durationMs of [0.2, 1, 1.1, 10_001]) counts.note('GET', '/readyz', 200, durationMs)
  const lines = await linesOf(counts, 'weft_control_request_duration_seconds')
  const of = (le: string): string | undefined => lines.find((line) => line.includes(`le="${le}"`))?.split(' ')[1]
  expect([of('0.001'), of('0.0025'), of('10'), of('+Inf')]).toEqual(['2', '3', '3', '4'])
  const labels = '{method="GET",route="/readyz"}'
  expect(lines).toContain(`weft_control_request_duration_seconds_sum${labels} ${0.0002 + 0.001 + 0.0011 + 10.001}`)
  expect(lines).toContain(`weft_control_request_duration_seconds_count${labels} 4`)
})

test('what has no time to answer is counted, but not timed', async () => {
  const counts = new RequestCounts()
  counts.note('GET', '/v1/stream', 200, undefined)
  expect(await linesOf(counts, 'weft_control_requests_total')).toHaveLength(1)
  expect(await linesOf(counts, 'weft_control_request_duration_seconds')).toEqual([])
})
