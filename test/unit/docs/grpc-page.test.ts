import { readFileSync } from 'node:fs'
import path from 'node:path'
import { GRPC_STATUS, type GrpcStatusName } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { WANTED_GRPC_JS } from '../../../packages/mesh-client/src/grpc/peer-check.ts'
import { ERROR_CODES, type MeshErrorCode } from '../../../packages/mesh-client/src/kernel/errors.ts'
import {
  grpcStatusOfReset,
  grpcToHttpStatus,
  httpToGrpcStatus,
} from '../../../packages/mesh-client/src/kernel/grpc-status.ts'
import { ROOT } from '../../support/source-files.ts'
import { readPage, section, tableRows } from './markdown.ts'

const page = readPage('docs/grpc.md')
const rows = tableRows(section(page, '## Statuses'))

const rowOf = (text: string): string => rows.find(([what]) => what?.includes(text) === true)?.[2] ?? ''

/** What a code says the status is, where it has one of its own. */
const expected = (code: MeshErrorCode): number =>
  code === 'WEFT_DEADLINE_EXCEEDED' ? GRPC_STATUS.DEADLINE_EXCEEDED : httpToGrpcStatus(ERROR_CODES[code].status)

test('the statuses of refusals are what their HTTP status stands for', () => {
  const told = rows.flatMap(([, codes = '', status = '']) => {
    const [, number, name] = /^(\d+) ([A-Z_]+)$/.exec(status) ?? []
    return Array.from(codes.matchAll(/`(WEFT_\w+)`/g), ([, code]) => ({ code: code as MeshErrorCode, number, name }))
  })
  const withStatus = told.filter(({ code }) => ERROR_CODES[code].status !== 0)
  for (const { code, number, name } of withStatus) {
    expect({ code, number, name: GRPC_STATUS[name as GrpcStatusName] }).toEqual({
      code,
      number: String(expected(code)),
      name: expected(code),
    })
  }
  const refusals = Object.entries(ERROR_CODES).filter(([, { status }]) => status !== 0)
  expect(withStatus.map(({ code }) => code).sort()).toEqual(refusals.map(([code]) => code).sort())
})

test('the statuses of HTTP and the codes of RST_STREAM are as the page says', () => {
  const http = rowOf('HTTP status of a server')
  const pairs = Array.from(http.matchAll(/((?:\d{3}(?:, | and )?)+) (\d{1,2})(?=,|$)/g), ([, from = '', to]) =>
    Array.from(from.matchAll(/\d{3}/g), ([status]) => [Number(status), Number(to)] as const),
  ).flat()
  expect(pairs).toHaveLength(8)
  for (const [status, grpc] of pairs) expect([status, httpToGrpcStatus(status)]).toEqual([status, grpc])
  const resets = { REFUSED_STREAM: 7, CANCEL: 8, ENHANCE_YOUR_CALM: 11, INADEQUATE_SECURITY: 12 }
  for (const [name, code] of Object.entries(resets))
    expect(rowOf('RST_STREAM')).toContain(`${name} ${grpcStatusOfReset(code)},`)
})

test('the statuses that tell of an ill endpoint are those that stand for 5xx', () => {
  const [, sentence = ''] = /learn from a status[^:]*: ([^;]*)\s+are\s+failures of the endpoint/.exec(page) ?? []
  const named = sentence.match(/[A-Z_]{4,}/g) ?? []
  const failures = Object.entries(GRPC_STATUS).filter(([, code]) => grpcToHttpStatus(code) >= 500)
  expect(named.sort()).toEqual(failures.map(([name]) => name).sort())
})

test('versions are those that are installed and asked for', () => {
  const manifest = (file: string): { version?: string; peerDependencies?: Record<string, string> } =>
    JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'))
  expect(page).toContain(`optional peer, \`${WANTED_GRPC_JS}\``)
  expect(manifest('packages/mesh-client/package.json').peerDependencies?.['@grpc/grpc-js']).toBe(WANTED_GRPC_JS)
  const { version } = manifest('node_modules/@grpc/grpc-js-xds/package.json')
  expect(page).toContain(`| | Weft | @grpc/grpc-js-xds ${version} |`)
  expect(page).toContain(
    `with ${version} on @grpc/grpc-js ${manifest('node_modules/@grpc/grpc-js/package.json').version}`,
  )
})
