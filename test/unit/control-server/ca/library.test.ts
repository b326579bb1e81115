import { expect, test } from 'vitest'
import { sourceFiles } from '../../../support/source-files.ts'

/* It comes with some MiB, which a mesh without identity must not pay for. */
test('the library that writes X.509 is known to one file, which loads it when a certificate is made', () => {
  const library = /['"](?:@peculiar\/x509|reflect-metadata)['"]/
  const knowing = sourceFiles('packages/control-server/src').filter(({ code }) => library.test(code))
  expect(knowing.map(({ path }) => path)).toEqual(['packages/control-server/src/ca/x509-library.ts'])
  const eager = knowing.flatMap(({ imports }) =>
    imports.filter(({ specifier, typeOnly }) => !typeOnly && library.test(`'${specifier}'`)),
  )
  expect(eager).toEqual([])
})
