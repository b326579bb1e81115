import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readPolicyFile } from '../../../../../packages/mesh-client/src/http/outbound/policy-file.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'weft-policy-file-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => path.join(folder, name)

test('a file is read, also over a link, as a Secret of Kubernetes is mounted', async () => {
  writeFileSync(at('ca.pem'), 'text')
  symlinkSync(at('ca.pem'), at('link'))
  expect([await readPolicyFile(at('ca.pem')), await readPolicyFile(at('link'))]).toEqual(['text', 'text'])
})

test('what is not there is told', () => expect(readPolicyFile(at('none'))).rejects.toThrow('ENOENT'))

test('a file beyond any certificate is refused', async () => {
  writeFileSync(at('large'), Buffer.alloc(1024 * 1024 + 1))
  await expect(readPolicyFile(at('large'))).rejects.toThrow('larger than')
})

test.skipIf(process.platform === 'win32')('what is no file neither holds nor fills the process', async () => {
  execFileSync('mkfifo', [at('pipe')])
  for (const each of ['/dev/zero', at('pipe'), folder]) {
    await expect(readPolicyFile(each)).rejects.toThrow('no regular file')
  }
})
