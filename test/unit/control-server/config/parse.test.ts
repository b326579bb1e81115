import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseResources } from '../../../../packages/control-server/src/config/parse.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

function messageOf(text: string, contentType?: string): string {
  const parsed = parseResources(text, contentType)
  if (parsed.ok) throw new Error(`was read: ${JSON.stringify(parsed.value)}`)
  return parsed.error.map(({ message }) => message).join('; ')
}

function read(text: string, contentType?: string): { where: string; value: unknown; kind: string | undefined }[] {
  const parsed = parseResources(text, contentType)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.value.map(({ where, value, kind }) => ({ where, value, kind: kind?.kind }))
}

describe('what is read', () => {
  const service = { apiVersion: 'v1', kind: 'Service' }

  test('one YAML document needs no place', () => {
    expect(read('apiVersion: v1\nkind: Service\n')).toEqual([{ where: '', value: service, kind: 'Service' }])
  })

  test('a stream, with the line of each document and without the empty ones', () => {
    const text =
      '# first\n---\napiVersion: v1\nkind: Service\n---\n---\nkind: Gateway\napiVersion: networking.istio.io/v1\n'
    expect(read(text)).toEqual([
      { where: 'document 1, line 3', value: service, kind: 'Service' },
      {
        where: 'document 3, line 7',
        value: { kind: 'Gateway', apiVersion: 'networking.istio.io/v1' },
        kind: undefined,
      },
    ])
  })

  test('JSON objects and arrays, by content type or by their looks', () => {
    expect(read(JSON.stringify(service), JSON_TYPE)).toEqual([{ where: '', value: service, kind: 'Service' }])
    const many = read(JSON.stringify([service, service]))
    expect(many.map(({ where }) => where)).toEqual(['item 1', 'item 2'])
  })

  test('a List, and a typed list whose items leave their kind out', () => {
    expect(read(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [service] }))).toEqual([
      { where: 'item 1', value: service, kind: 'Service' },
    ])
    expect(read(JSON.stringify({ apiVersion: 'v1', kind: 'ServiceList', items: [{ metadata: {} }] }))).toEqual([
      { where: 'item 1', value: { ...service, metadata: {} }, kind: 'Service' },
    ])
  })

  test('the core schema: no surprises of YAML 1.1, and merge keys', () => {
    expect(read('%YAML 1.1\n---\na: yes\nb: 2001-01-01\nc: 0x1F\nd: {<<: {e: 1}, f: 2}\n')).toMatchObject([
      { value: { a: 'yes', b: '2001-01-01', c: 31, d: { e: 1, f: 2 } } },
    ])
  })

  test('a key __proto__ is data', () => {
    const [document] = read('__proto__: {polluted: true}\nkind: X\n')
    expect(Object.keys(document?.value as object)).toEqual(['__proto__', 'kind'])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('what is refused, with its place', () => {
  test.each([
    ['a tab as indentation', 'a:\n\tb: 1\n', 'line 2, column 1: Tabs are not allowed'],
    ['a key twice', 'a: 1\nb:\n  c: 2\n  c: 3\n', 'line 4, column 3: the key "c" is there twice'],
    ['a flow that does not end', 'a: [1, 2\nb: 3\n', 'line 2, column 1'],
    ['a tag', 'a: !!js/function x\n', 'line 1, column 4: Unresolved tag'],
    ['an empty key', '? \n: 1\n', 'a key is empty'],
    ['a key that is a map', '{a: 1}: 2\n', 'a key is neither a text nor a number'],
    ['an unknown alias', 'a: *b\n', 'Unresolved alias'],
    ['a value that holds itself', 'a: &a [*a]\n', 'nested deeper than'],
    ['a document that is no object', 'kind: X\n---\nhello\n', 'document 2, line 3: must be an object'],
    ['nothing', '---\n# nothing\n---\n', 'there is no resource in it'],
  ])('%s', (_, text, expected) => {
    expect(messageOf(text)).toContain(expected)
  })

  test.each([
    ['{"a": 1,\n "b": }', "Unexpected token '}' (line 2 column 7)"],
    ['{"a": 1,\n}', '(line 2 column 1)'],
    ['{"a": 1', '(line 1 column 8)'],
    ['', 'is not JSON'],
    ['[1]', 'item 1: must be an object'],
  ])('JSON %j', (text, expected) => {
    expect(messageOf(text, JSON_TYPE)).toContain(expected)
  })

  test('an alias bomb', () => {
    const names = [...'abcdefghij']
    const lines = names
      .slice(1)
      .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${names[index]}`).join(',')}]`)
    expect(messageOf(['a: &a [lol]', ...lines].join('\n'))).toContain('Excessive alias count')
  })

  test.each([
    ['YAML nesting', `a: ${'['.repeat(5_000)}${']'.repeat(5_000)}`, undefined, 'nested too deeply'],
    ['YAML nesting that can still be read', `a: ${'['.repeat(80)}${']'.repeat(80)}`, undefined, 'nested deeper than'],
    ['JSON nesting', '['.repeat(50_000) + ']'.repeat(50_000), JSON_TYPE, 'nested deeper than'],
    ['a long text', 'x'.repeat(20_000_000), undefined, 'too large: 20000000 bytes of YAML'],
    ['a long JSON text', `"${'x'.repeat(20_000_000)}"`, JSON_TYPE, 'too large'],
    ['hundreds of thousands of errors', '{a: 1}\n'.repeat(200_000), undefined, 'line 2, column 3'],
  ])('%s ends soon', (_, text, contentType, expected) => {
    expect(messageOf(text, contentType)).toContain(expected)
  })

  test('many keys in one map take linear time', () => {
    const text = Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`).join('\n')
    expect(read(text)).toHaveLength(1)
  })
})

describe('never throws', () => {
  const fragment = fc.oneof(
    fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '\t',
      '{',
      '}',
      '[',
      ']',
      ',',
      '"',
      "'",
      '&a ',
      '*a',
      '!!x ',
      '---\n',
      '<<: ',
      '|\n',
      '? ',
      '%',
      '#',
      '\0',
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
  )

  test('on pieces of YAML and JSON put together', () => {
    const text = fc.array(fragment, { maxLength: 40 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, fc.constantFrom('', JSON_TYPE), (input, contentType) => {
        expect(parseResources(input, contentType)).toHaveProperty('ok')
      }),
      { numRuns: 500 },
    )
  })

  test('on any JSON value', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (input) => {
        expect(parseResources(input, JSON_TYPE)).toHaveProperty('ok')
      }),
    )
  })
})
