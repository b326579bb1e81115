import { describe, expect, test } from 'vitest'
import { sourceFiles } from '../../../support/source-files.ts'

const SERVER = sourceFiles('packages/control-server/src')

/* They come with some MiB, which a mesh without identity must not pay for. */
describe('libraries that only identity needs', () => {
  test('the one that writes X.509 is known to one file', () => {
    const knowing = SERVER.filter(({ code }) => /['"](?:@peculiar\/x509|reflect-metadata)['"]/.test(code))
    expect(knowing.map(({ path }) => path)).toEqual(['packages/control-server/src/ca/x509-library.ts'])
  })

  test.each(['@peculiar/x509', 'reflect-metadata', 'jose'])('%s is loaded with the first use', (library) => {
    expect(SERVER.some(({ code }) => code.includes(`import('${library}')`))).toBe(true)
    const eager = SERVER.filter(({ imports }) =>
      imports.some(({ specifier, typeOnly }) => !typeOnly && specifier === library),
    )
    expect(eager.map(({ path }) => path)).toEqual([])
  })
})
